import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runHosted } from '../../../test/support/command-host.ts'
import { makeTempFolder, type TempFolder } from '../../../test/support/temp.ts'
import { until } from '../../../test/support/until.ts'
import type { PolicyReport } from '../../simulate/report.ts'

const ROOT = join(import.meta.dirname, '../../..')
const REGISTRY_K8S_IO = join(ROOT, 'examples/registry.k8s.io.yaml')
const DONATED = join(ROOT, 'test/fixtures/simulate/donated-cdn.json')
/** One in 30,000 of a month: enough for shares within a percent or so. */
const REQUESTS = '60000'

let folder: TempFolder
/** Before there was a CDN: Amazon's clients to its buckets, everybody else to the regional registries. */
let before: string

beforeAll(async () => {
  folder = await makeTempFolder()
  before = join(folder.path, 'before.yaml')
  const text = await readFile(REGISTRY_K8S_IO, 'utf8')
  await writeFile(before, text.replaceAll('prefer: [cdn]', 'prefer: [upstreams]'))
})
afterAll(() => folder[Symbol.asyncDispose]())

/** Without a range snapshot: the log has the places of its clients. */
function simulate(...words: string[]) {
  const env = { RANGES: join(folder.path, 'none.bin') }
  return runHosted(['simulate', '--synthetic', ...words], { folder: folder.path, env })
}

describe('a month of registry.k8s.io, by what is public of it', () => {
  let policies: readonly PolicyReport[]
  const bytesOf = (policy: number, holds: (id: string) => boolean) =>
    policies[policy]!.backends.filter(({ id }) => holds(id)).reduce((sum, { bytes }) => sum + bytes, 0)

  beforeAll(async () => {
    const prices = ['aws', 'gcp', DONATED].flatMap((table) => ['--prices', table])
    const words = [
      '--requests',
      REQUESTS,
      '--config',
      before,
      '--config',
      REGISTRY_K8S_IO,
      ...prices,
      '--json',
    ]
    const { code, out, err } = await simulate(...words)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    policies = JSON.parse(out).policies
  }, 60_000)

  it('has 60 million requests a day, and 5 PB', () => {
    expect(policies[0]!.requests).toBe(30 * 60_000_000)
    expect(policies[0]!.bytes).toBeGreaterThan(4.75e15)
    expect(policies[0]!.bytes).toBeLessThan(5.25e15)
    expect(policies[0]!.estimatedBytes).toBe(0)
  })

  it('sends 27 to 40 TB a day to clients outside of the two clouds', () => {
    const day = bytesOf(1, (id) => id === 'cdn') / 30
    expect(day).toBeGreaterThan(27e12)
    expect(day).toBeLessThan(40e12)
    // All of that left Google's registries before.
    const moved = bytesOf(0, (id) => id.startsWith('gcp-')) - bytesOf(1, (id) => id.startsWith('gcp-'))
    expect(moved / 30).toBeCloseTo(day, -6)
  })

  it.each([
    ['us-west-2', 21.5],
    ['us-east-1', 13],
    ['eu-central-1', 10],
  ])('of what Amazon’s clients get, %s gives %d %%, within two', (region, share) => {
    const amazon = bytesOf(1, (id) => id.startsWith('aws-'))
    expect(Math.abs((100 * bytesOf(1, (id) => id === `aws-${region}`)) / amazon - share)).toBeLessThan(2)
  })

  it('saves about a million dollars a year where a CDN is given: 0.8 to 1.3', () => {
    const [month, now] = policies.map(({ cost }) => Number(cost[0]!.amount))
    const saved = 12 * (month! - now!)
    expect(saved).toBeGreaterThan(800_000)
    expect(saved).toBeLessThan(1_300_000)
    expect(policies[1]!.changes!.every(({ to }) => to === 'cdn')).toBe(true)
  })
})

it('writes the same log for the same seed, which says the same when it is read', async () => {
  const write = async (name: string, seed: string) => {
    const { code, out, err } = await simulate('--requests', '3000', '--seed', seed, '--write', name)
    expect({ code, out, err }).toEqual({
      code: 0,
      out: '',
      err: `${name}: 3,000 requests, each for 600,000 of a month\n`,
    })
    return readFile(join(folder.path, name), 'utf8')
  }
  const [one, again, other] = [
    await write('1.log', '1'),
    await write('again.log', '1'),
    await write('2.log', '2'),
  ]
  expect(again === one).toBe(true)
  expect(other === one).toBe(false)
  expect(one.trimEnd().split('\n')).toHaveLength(3000)
  expect((await readdir(folder.path)).filter((name) => name.startsWith('.'))).toEqual([])
  const words = ['--config', before, '--json']
  const made = await simulate('--requests', '3000', ...words)
  const read = await runHosted(['simulate', '1.log', '--times', '600000', ...words], {
    folder: folder.path,
    env: { RANGES: join(folder.path, 'none.bin') },
  })
  expect(JSON.parse(read.out).policies).toEqual(JSON.parse(made.out).policies)
})

it('leaves nothing behind when it is interrupted', async () => {
  const words = ['simulate', '--synthetic', '--requests', '50000000', '--write', 'endless.log']
  const child = spawn(process.execPath, [join(ROOT, 'src/cli/main.ts'), ...words], { cwd: folder.path })
  const drafts = async () => (await readdir(folder.path)).filter((name) => name.includes('endless.log'))
  await until('a draft', async () => (await drafts()).length > 0)
  child.kill('SIGINT')
  const [code] = await once(child, 'exit')
  expect(code).toBe(1)
  expect(await drafts()).toEqual([])
})

it.each<[words: string[], err: string]>([
  [['a.log', '--config', 'a'], '--synthetic makes a log: name none with it'],
  [['--requests', '0', '--config', 'a'], '--requests "0" must be a whole number from 1 to 100000000'],
  [['--write', 'missing/a.log', '--requests', '10'], 'cannot write missing/a.log: ENOENT'],
])('%j are told in one line', async (words, err) => {
  const told = await simulate(...words)
  expect(told).toMatchObject({ out: '', err: expect.stringContaining(err) })
  expect(told.code).toBeGreaterThan(0)
})
