import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { FAILING } from '../../../test/support/pulls/failing-scenarios.ts'
import { HEALTHY } from '../../../test/support/pulls/healthy-scenarios.ts'
import { MINUTE, type Scenario } from '../../../test/support/pulls/scenario.ts'
import { createPullWorld, type PullWorld } from '../../../test/support/pulls/world.ts'

const DOCS = fileURLToPath(new URL('../../../docs/retries.md', import.meta.url))

/** What was seen, as rows of the tables in the docs. */
const rows: string[] = []

function simulate({ world: options, happens, lasts = 30 * MINUTE }: Scenario): PullWorld {
  const world = createPullWorld(options)
  happens(world)
  world.runUntil(lasts)
  return world
}

/** The try at which the last client that a store failed succeeded; infinite when one never did. */
function lastTry({ victims }: PullWorld): number {
  return victims.reduce<number>((last, tries) => Math.max(last, tries ?? Number.POSITIVE_INFINITY), 0)
}

function saidOfStore({ detector }: PullWorld): Scenario['outlier'] {
  const outlier = detector.outlier('near')
  return outlier && (outlier.needsCheck ? 'check' : 'eject')
}

describe('at a store that delivers, few requests are sent elsewhere', () => {
  it.each(HEALTHY)('$name', (scenario) => {
    const world = simulate(scenario)
    const share = `${((100 * world.moved) / world.asked).toFixed(2)} %`
    rows.push(`| ${scenario.name} | ${world.asked.toLocaleString('en')} | ${share} |`)
    expect(world.moved / world.asked).toBeLessThanOrEqual(scenario.moves ?? 1)
    expect(saidOfStore(world)).toBe(scenario.outlier)
  })
})

describe('at a store that fails, whoever comes back succeeds', () => {
  it.each(FAILING)('$name', (scenario) => {
    const world = simulate(scenario)
    const last = Number.isFinite(lastTry(world)) ? `${lastTry(world)}` : 'never'
    rows.push(`| ${scenario.name} | ${last} |`)
    expect(lastTry(world)).toBeLessThanOrEqual(scenario.tries ?? Number.POSITIVE_INFINITY)
    expect(saidOfStore(world)).toBe(scenario.outlier)
  })
})

it('docs/retries.md has what they come to', async () => {
  const docs = await readFile(DOCS, 'utf8')
  const inDocs = [...docs.matchAll(/^\| .* \| (?:[\d,]+ \| [\d.]+ %|\d+|never) \|$/gm)].map(String)
  expect(inDocs.flatMap(each)).toEqual(rows)
})

/** `1, 10 or 60 s` is three rows. */
function each(row: string): string[] {
  const [whole, list, last] = /((?:\d+, )*\d+) or (\d+)/.exec(row) ?? []
  if (whole === undefined) return [row]
  return [...list!.split(', '), last!].map((number) => row.replace(whole, number))
}
