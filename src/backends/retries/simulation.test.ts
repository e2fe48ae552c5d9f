import { afterAll, describe, expect, it } from 'vitest'
import { FAILING } from '../../../test/support/pulls/failing-scenarios.ts'
import { HEALTHY } from '../../../test/support/pulls/healthy-scenarios.ts'
import { MINUTE, type Scenario } from '../../../test/support/pulls/scenario.ts'
import { createPullWorld, type PullWorld } from '../../../test/support/pulls/world.ts'

/** The table of what was seen, printed in the end. */
const table: string[] = []

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

function line(name: string, requests: string, moved: string, tries: string, outlier: string): string {
  return `${name.padEnd(60)} ${requests.padStart(8)} ${moved.padStart(9)} ${tries.padStart(8)} ${outlier}`
}

function describeWorld({ name }: Scenario, world: PullWorld, isHealthy: boolean): string {
  const share = `${((100 * world.moved) / world.asked).toFixed(2)} %`
  const last = Number.isFinite(lastTry(world)) ? `${lastTry(world)}` : 'never'
  return line(name, `${world.asked}`, share, isHealthy ? '' : last, saidOfStore(world) ?? '')
}

afterAll(() => {
  process.stdout.write(`${line('', 'requests', 'moved', 'last try', 'store')}\n${table.join('\n')}\n`)
})

describe('at a store that delivers, few requests are sent elsewhere', () => {
  it.each(HEALTHY)('$name', (scenario) => {
    const world = simulate(scenario)
    table.push(describeWorld(scenario, world, true))
    expect(world.moved / world.asked).toBeLessThanOrEqual(scenario.moves ?? 1)
    expect(saidOfStore(world)).toBe(scenario.outlier)
  })
})

describe('at a store that fails, whoever comes back succeeds', () => {
  it.each(FAILING)('$name', (scenario) => {
    const world = simulate(scenario)
    table.push(describeWorld(scenario, world, false))
    expect(lastTry(world)).toBeLessThanOrEqual(scenario.tries ?? Number.POSITIVE_INFINITY)
    expect(saidOfStore(world)).toBe(scenario.outlier)
  })
})
