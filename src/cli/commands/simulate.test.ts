import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runHosted } from '../../../test/support/command-host.ts'
import { makeInventory, makeKey } from '../../../test/support/inventory.ts'
import { makeTempFolder, type TempFolder } from '../../../test/support/temp.ts'
import { shippedPrices } from '../../prices/shipped.ts'
import type { LogReport } from '../../simulate/log-report.ts'
import type { PolicyReport } from '../../simulate/report.ts'
import { SIMULATE } from './simulate-spec.ts'

const FIXTURES = join(import.meta.dirname, '../../../test/fixtures/simulate')
const LOG = join(FIXTURES, 'access.log')
const CONFIG = join(FIXTURES, 'portolan.yaml')

interface Document {
  readonly version: number
  readonly logs: readonly LogReport[]
  readonly requests: number
  readonly unknownLines: number
  readonly refusedRequests: number
  readonly assumptions: readonly string[]
  readonly policies: readonly PolicyReport[]
}

let folder: TempFolder

beforeAll(async () => {
  folder = await makeTempFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

function simulate(...words: string[]) {
  return runHosted(['simulate', ...words], { folder: folder.path })
}

async function simulated(...words: string[]): Promise<Document> {
  const { code, out, err } = await simulate(...words, '--json')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return JSON.parse(out)
}

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder.path, name)
  await writeFile(path, content)
  return path
}

/** What counts of a backend: requests and bytes. */
function amounts({ backends }: PolicyReport): object {
  return Object.fromEntries(backends.map(({ id, requests, bytes }) => [id, { requests, bytes }]))
}

/** Added up by hand, from how the log was made: see each line. */
const TOTALS = {
  // A hundred blobs of a million bytes from 10.1.0.0/16, which is Paris.
  paris: { requests: 100, bytes: 100_000_000 },
  // Sixty of two million from 10.2.0.0/16, which is Virginia.
  virginia: { requests: 60, bytes: 120_000_000 },
  // Fifty of three million from 10.3.0.0/16, which is Azure in the Netherlands.
  cdn: { requests: 50, bytes: 150_000_000 },
  // Thirty HEADs of a tag, and twenty manifests of which the log has the redirect alone: 4,096 bytes each.
  main: { requests: 50, bytes: 20 * 4096 },
}

it('the help names all tables that come with Portolan', () => {
  expect(SIMULATE.options.prices.description).toContain(`${shippedPrices.join(', ')}, or a file`)
})

describe('portolan simulate', () => {
  it('replays a log that was added up by hand', async () => {
    const { version, logs, policies, ...rest } = await simulated(LOG, '--config', CONFIG)
    expect(version).toBe(1)
    expect(logs).toEqual([
      expect.objectContaining({
        format: 'combined',
        lines: 273,
        requests: 264,
        asides: 4,
        unknown: 5,
        duplicates: 0,
      }),
    ])
    expect(rest).toMatchObject({ requests: 264, unknownLines: 5, refusedRequests: 4 })
    expect(policies).toHaveLength(1)
    const [policy] = policies
    expect(amounts(policy!)).toEqual(TOTALS)
    expect(policy).toMatchObject({ requests: 260, bytes: 370_081_920, estimatedBytes: 81_920 })
    const of = (id: string) => policy!.backends.find((backend) => backend.id === id)
    // Ten blobs, all from one place; nobody else is a CDN.
    expect(of('cdn')).toMatchObject({ fills: { requests: 10, bytes: 30_000_000, estimated: false } })
    expect(of('paris')).not.toHaveProperty('fills')
    // 25 blobs were asked for, all of them within some hours, in which a presence is believed.
    expect(of('paris')?.probes?.requests).toBeGreaterThanOrEqual(25)
    expect(of('main')).toMatchObject({ heads: 30 })
    expect(of('paris')?.distance).toMatchObject({ median: 0, p95: 0, roundTripMedian: 2, unknown: 0 })
    expect(of('cdn')?.distance).toMatchObject({ median: 300, roundTripMedian: 7 })
  })

  it('says the same at every time, in any order, by any number of threads, and packed', async () => {
    const lines = (await readFile(LOG, 'utf8')).trimEnd().split('\n')
    const shuffled = await file('shuffled.log', lines.toReversed().join('\n'))
    const packed = await file('access.log.gz', gzipSync(await readFile(LOG)))
    // Two frames, as two rotations that were put together.
    const half = Math.floor(lines.length / 2)
    const text = (part: string[]) => Buffer.from(`${part.join('\n')}\n`)
    const frames = [lines.slice(0, half), lines.slice(half)].map((part) => zstdCompressSync(text(part)))
    const zstd = await file('access.log.zst', Buffer.concat(frames))
    const first = await simulate(LOG, '--config', CONFIG, '--json')
    const again = await simulate(LOG, '--config', CONFIG, '--json', '--threads', '7')
    expect(again).toEqual(first)
    for (const log of [shuffled, packed, zstd]) {
      const { policies } = await simulated(log, '--config', CONFIG)
      expect(policies).toEqual((JSON.parse(first.out) as Document).policies)
    }
  })

  it('counts the same for many chunks in several threads as for one', async () => {
    const line = (index: number) =>
      JSON.stringify({
        level: 'info',
        time: new Date(Date.UTC(2026, 10, 27) + index * 10).toISOString(),
        id: `door-${index}`,
        method: 'GET',
        target: `/v2/pause/blobs/sha256:${String(index % 997).padStart(64, '0')}`,
        client: ['aws/eu-west-3', 'aws/us-east-1', 'country/FR'][index % 3],
        msg: 'request',
      })
    const lines = Array.from({ length: 12_000 }, (_, index) => line(index))
    const once = await file('large.log', lines.join('\n'))
    // The shipper sent a third again, later.
    const twice = await file('twice.log', [...lines, ...lines.slice(0, 4000)].join('\n'))
    const whole = await simulated(once, '--config', CONFIG, '--threads', '1')
    const parted = await simulated(twice, '--config', CONFIG, '--threads', '3')
    expect(amounts(whole.policies[0]!)).toMatchObject({ paris: { requests: 4000 }, cdn: { requests: 4000 } })
    expect(parted.policies).toEqual(whole.policies)
    expect(parted.logs[0]).toMatchObject({ lines: 16_000, requests: 12_000, duplicates: 4000 })
  })

  it('compares with a backend down, in both directions, and says why', async () => {
    const { policies } = await simulated(LOG, '--config', CONFIG, '--down', 'paris')
    expect(policies.map(({ down }) => down)).toEqual([undefined, ['paris']])
    expect(amounts(policies[1]!)).toEqual({
      ...TOTALS,
      paris: { requests: 0, bytes: 0 },
      virginia: { requests: 160, bytes: 220_000_000 },
    })
    expect(policies[1]!.changes).toEqual([
      {
        from: 'paris',
        to: 'virginia',
        requests: 100,
        bytes: 100_000_000,
        reasons: [
          {
            before: 'store-present by rule 1 (stores@aws)',
            after: 'store-present by rule 1 (stores@aws)',
            requests: 100,
            bytes: 100_000_000,
          },
        ],
        places: [{ place: 'aws/eu-west-3', requests: 100, bytes: 100_000_000 }],
      },
    ])
  })

  it('compares configs, each with the first', async () => {
    const text = (await readFile(CONFIG, 'utf8')).replace('prefer: [cdn]', 'prefer: [paris]')
    const other = await file('paris.yaml', text)
    const { code, out, err } = await simulate(LOG, '--config', CONFIG, '--config', other, '--config', CONFIG)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain(`\nB: ${other}\n`)
    expect(out).toContain('\nB sends 50 requests (19.2 %) elsewhere than A does:\n')
    expect(out).toMatch(
      / {2}cdn +paris +50 +143\.1 MiB +store-present by rule 2 \(paris\) +azure\/westeurope 100\.0 %\n/,
    )
    expect(out).toContain('\nC sends nobody elsewhere than A does.\n')
    expect(out).toContain('\nAssumed:\n')
  })

  it('draws clients as the door does, for splits and for a canary of a policy', async () => {
    const text = (await readFile(CONFIG, 'utf8')).replace(
      '- { prefer: [cdn] }',
      '- { prefer: [{ split: { cdn: 70, paris: 30 } }] }\npolicies:\n  - { id: canary, share: 25 %, routing: [{ prefer: [virginia] }] }',
    )
    const config = await file('split.yaml', text)
    const line = (index: number) =>
      `10.3.${index >> 8}.${index & 255} - - [27/Nov/2026:08:00:00 +0000] "GET /v2/pause/blobs/sha256:${'4'.repeat(64)} HTTP/1.1" 200 1000 "-" "-"`
    const log = await file('split.log', Array.from({ length: 4000 }, (_, index) => line(index)).join('\n'))
    const { policies } = await simulated(log, '--config', CONFIG, '--config', config)
    const of = (id: string) => policies[1]!.backends.find((backend) => backend.id === id)!.requests / 4000
    expect(of('virginia')).toBeCloseTo(0.25, 1)
    expect(of('cdn')).toBeCloseTo(0.75 * 0.7, 1)
    expect(of('paris')).toBeCloseTo(0.75 * 0.3, 1)
    const toVirginia = policies[1]!.changes!.find(({ to }) => to === 'virginia')
    expect(toVirginia!.reasons[0]!.after).toBe('store-present by rule 1 of canary (virginia)')
  })

  it('says that other clients are drawn than the door draws, where a log has no whole addresses', async () => {
    const split = (await readFile(CONFIG, 'utf8')).replace(
      '- { prefer: [cdn] }',
      '- { prefer: [{ split: { cdn: 70, paris: 30 } }] }',
    )
    const config = await file('drawn.yaml', split)
    const canary = await file(
      'drawn-canary.yaml',
      `${await readFile(CONFIG, 'utf8')}policies: [{ share: 5 %, routing: [{ prefer: [cdn] }] }]\n`,
    )
    const log = (name: string, client: string) =>
      file(
        name,
        `{"level":"info","time":"2026-11-01T00:00:00.000Z","method":"GET","target":"/v2/pause/manifests/3.9","status":307${client},"msg":"request"}\n`,
      )
    const whole = await log('whole.log', ',"address":"192.0.2.1"')
    const masked = await log('masked.log', ',"client":"aws/eu-west-3","address":"2001:db8:1::/48"')
    const none = await log('none.log', ',"client":"aws/eu-west-3"')
    const said = async (...words: string[]) => {
      const { assumptions, logs } = await simulated(...words)
      return [
        ...assumptions.flatMap(
          (text) =>
            /^(?:addresses are masked in|requests without an address in|rules by prefix).*?(?=,| are)/.exec(
              text,
            )?.[0] ?? [],
        ),
        ...logs.map((report) => [report.masked, report.unaddressed]),
      ]
    }
    expect(await said(whole, masked, none, '--config', config)).toEqual([
      `addresses are masked in ${masked}`,
      `requests without an address in ${none}`,
      [0, 0],
      [1, 0],
      [0, 1],
    ])
    expect(await said(masked, '--config', CONFIG, '--config', canary)).toEqual([
      `addresses are masked in ${masked}`,
      [1, 0],
    ])
    expect(await said(whole, '--config', config)).toEqual([[0, 0]])
    const prefix = await file(
      'prefix.yaml',
      (await readFile(CONFIG, 'utf8')).replace(
        '- { prefer: [cdn] }',
        '- { when: { prefix: 192.0.2.0/28 }, prefer: [cdn] }',
      ),
    )
    expect(await said(masked, '--config', prefix)).toEqual([
      'rules by prefix go by the first address of a masked network',
      [1, 0],
    ])
    const sponsored = await file(
      'drawn-budget.yaml',
      `${await readFile(CONFIG, 'utf8')}sponsors: [{ id: acme, backends: cdn, budget: { amount: 1TiB, per: month } }]\n`,
    )
    expect(await said(masked, '--config', sponsored)).toEqual([`addresses are masked in ${masked}`, [1, 0]])
    expect(await said(masked, none, '--config', CONFIG)).toEqual([
      [1, 0],
      [0, 1],
    ])
  })

  it('goes by what stores hold, and takes sizes from there', async () => {
    const digest = `sha256:${'1'.repeat(64)}`
    const held = { digest, bytes: Buffer.alloc(1234) }
    const list = await file('paris.inventory', makeInventory([held], Date.UTC(2026, 10, 1)).bytes)
    const line = (method: string, of: string) =>
      `10.1.0.1 - - [27/Nov/2026:08:00:00 +0000] "${method} /v2/pause/blobs/${of} HTTP/1.1" 307 12 "-" "-"`
    const absent = `sha256:${'2'.repeat(64)}`
    const log = await file(
      'few.log',
      [line('GET', digest), line('GET', absent), line('HEAD', digest)].join('\n'),
    )
    const words = [log, '--config', CONFIG, '--inventory', `paris=${list}`, '--blob-size', '1MiB']
    const { policies, assumptions } = await simulated(...words)
    expect(amounts(policies[0]!)).toMatchObject({
      paris: { requests: 2, bytes: 1234 },
      virginia: { requests: 1, bytes: 1024 ** 2 },
    })
    expect(policies[0]!.backends.find(({ id }) => id === 'paris')).not.toHaveProperty('probes')
    expect(assumptions.join('\n')).toContain('virginia, cdn hold everything')
  })

  it('says that it does not go by the published endpoints, where a config has them', async () => {
    const text = await readFile(CONFIG, 'utf8')
    const said = 'every backend gets clients, whether the published endpoints name its host yet or not'
    const published = await file(
      'published.yaml',
      `${text}\nendpoints: { file: e.json, publicKey: ${makeKey().publicKey} }\n`,
    )
    for (const [config, expected] of [
      [CONFIG, false],
      [published, true],
    ] as const) {
      const { assumptions } = await simulated(LOG, '--config', config)
      expect(assumptions.includes(said)).toBe(expected)
    }
  })

  it('says what it costs, by tables and months of those who are paid, to the millionth', async () => {
    const table = (name: string, more: object) =>
      JSON.stringify({
        ...{ version: 1, name, source: 'https://prices.test', asOf: '2026-11-01', currency: 'EUR' },
        ...{ unit: 'GB', timezone: 'UTC', ...more },
      })
    const cloud = { cloud: 'aws', transfer: [{ to: 'same-region', price: '0.01' }] }
    const own = await file('own.json', table('own', cloud))
    const cdn = {
      transfer: [{ to: 'internet', per: 'account', tiers: [{ upTo: 100, price: '0.1' }, { price: '0.05' }] }],
      requests: [{ method: 'GET', per10000: '0.4' }],
    }
    const edge = await file('edge.yaml', table('edge', cdn))
    const words = [LOG, '--config', CONFIG, '--prices', own, '--prices', edge, '--times', '1000']
    const { policies, assumptions } = await simulated(...words)
    const [policy] = policies
    const costs = policy!.backends.map(({ id, cost }) => [id, cost?.amount, cost?.currency])
    expect(costs).toEqual([
      // 100 GB and 120 GB at a cent each; 100 GB at ten cents and 50 at five, and 50,000 GETs at 0.4 for 10,000.
      ['paris', '1', 'EUR'],
      ['virginia', '1.2', 'EUR'],
      ['cdn', '14.5', 'EUR'],
      ['main', undefined, undefined],
    ])
    expect(policy!.cost).toEqual([{ amount: '16.7', currency: 'EUR' }])
    expect(policy!.bills.map(({ account, month, unpriced }) => [account, month, unpriced])).toEqual([
      // That table says nothing of requests: 160 of the log.
      ['own', '2026-11', { bytes: 0, requests: 160_000 }],
      ['edge', '2026-11', { bytes: 0, requests: 0 }],
    ])
    expect(policy!.bills[1]!.lines.map(({ tier, quantity, amount }) => [tier, quantity, amount])).toEqual([
      [0, 100_000_000_000, '10'],
      [1, 50_000_000_000, '2.5'],
      [undefined, 50_000, '2'],
    ])
    expect(policy).toMatchObject({ requests: 260_000, bytes: 370_081_920_000 })
    expect(assumptions.join('\n')).toContain('prices of own are of 2026-11-01 (https://prices.test)')
    const { out } = await simulate(...words)
    expect(out).toMatch(/ {2}cdn +anycast +50,000 +19\.2 +139\.7 GiB +14\.50 EUR /)
    expect(out).toContain('\n  own in 2026-11: 2.20 EUR, and nobody said what 160,000 requests cost\n')
  })

  it('writes a page, whole or not at all', async () => {
    const page = join(folder.path, 'report.html')
    const { code, err } = await simulate(LOG, '--config', CONFIG, '--down', 'paris', '--html', page)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(await readFile(page, 'utf8')).toMatch(/^<!doctype html>\n.*aws\/eu-west-3 100\.0 %.*<\/html>\n$/s)
    const nowhere = join(folder.path, 'missing/report.html')
    expect(await simulate(LOG, '--config', CONFIG, '--html', nowhere)).toMatchObject({
      code: 1,
      err: expect.stringContaining(`cannot write ${nowhere}: ENOENT`),
    })
  })

  it('says what each sponsor pays for, and what becomes of it without one', async () => {
    const sponsor =
      'sponsors:\n  - { id: acme, backends: [stores@aws], budget: { amount: 1TiB, per: month } }\n'
    const config = await file('sponsored.yaml', (await readFile(CONFIG, 'utf8')) + sponsor)
    const { policies, assumptions } = await simulated(LOG, '--config', config, '--without-sponsor', 'acme')
    const acme = { id: 'acme', backends: ['paris', 'virginia'] }
    expect(policies.map(({ sponsors }) => sponsors)).toEqual([
      [expect.objectContaining({ ...acme, requests: 160, bytes: 220_000_000 })],
      [expect.objectContaining({ ...acme, requests: 0, bytes: 0 })],
    ])
    expect(policies[0]!.sponsors[0]!.budget).toMatchObject({
      unit: 'bytes',
      months: [{ budget: '1099511627776', spent: '220000000', left: '1099291627776' }],
      pace: { lowest: 1, last: 1, changes: 0 },
    })
    expect(policies[1]).toMatchObject({ withoutSponsors: ['acme'], down: ['paris', 'virginia'] })
    expect(policies[1]!.changes!.map(({ from, to, requests }) => [from, to, requests])).toEqual([
      ['virginia', 'main', 60],
      ['paris', 'main', 100],
    ])
    expect(assumptions.join('\n')).toContain('budgets of sponsors are whole when the log begins')
    expect(await simulate(LOG, '--config', config, '--without-sponsor', 'acne')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--without-sponsor "acne" is in no config (did you mean "acme"?)'),
    })
  })

  describe('with a budget that does not last', () => {
    const GIB = 2 ** 30
    // 24 requests an hour for five days, of a gibibyte each: 2,880 of them, of which a thousand are given.
    const log = () =>
      Array.from({ length: 2880 }, (_, index) => {
        const day = 1 + Math.floor(index / 576)
        const time = new Date(Date.UTC(2026, 10, day) + (index % 576) * 150_000).toISOString()
        const address = `10.1.${index >> 8}.${index & 255}`
        const target = `/v2/app-${index % 97}/blobs/sha256:${String(index).padStart(64, '0')}`
        const sent = { bytes: GIB, bytesKnown: 'listed', msg: 'request' }
        return JSON.stringify({
          level: 'info',
          time,
          id: `r${index}`,
          method: 'GET',
          target,
          address,
          ...sent,
        })
      })
    const sponsored = async (name: string, more: object = {}) => {
      const credit = { amount: '1000GiB', from: '2026-11-01', until: '2026-11-05' }
      const acme = { id: 'acme', backends: ['paris'], credits: [credit], over: 'main', ...more }
      return file(name, `${await readFile(CONFIG, 'utf8')}sponsors: ${JSON.stringify([acme])}\n`)
    }

    it('sends on as many as it would not last for, and says where to, whatever the threads and the order', async () => {
      const lines = log()
      const config = await sponsored('credit.yaml')
      const words = ['--config', config, '--threads']
      const inOrder = await file('month.log', lines.join('\n'))
      const one = await simulated(inOrder, ...words, '1')
      const [policy] = one.policies
      const [acme] = policy!.sponsors
      expect(acme!.budget.course.length).toBeGreaterThan(2)
      expect(acme!.budget.pace.lowest).toBeLessThan(0.5)
      const spent = Number(acme!.budget.months[0]!.spent)
      expect(spent).toBeLessThanOrEqual(1000 * GIB)
      expect(spent).toBeGreaterThan(950 * GIB)
      expect(spent).toBe(acme!.bytes)
      expect(acme!.passed).toEqual([
        { to: 'main', requests: 2880 - acme!.requests, bytes: 2880 * GIB - acme!.bytes },
      ])
      expect(amounts(policy!)).toMatchObject({
        paris: { requests: acme!.requests },
        main: { requests: 2880 - acme!.requests },
      })
      const other = await file('reversed.log', lines.toReversed().join('\n'))
      expect((await simulated(other, ...words, '3')).policies).toEqual(one.policies)
      const { out } = await simulate(inOrder, ...words, '1')
      expect(out).toMatch(
        /\n {2}sponsor acme \(1 backend\): .*\n {4}2026-11: [\d.]+ GiB spent, [\d.]+ GiB left\n {4}pace .* at the lowest, .*; elsewhere instead: .* to main\n/,
      )
    })

    it('goes on by those who are left of several, each of whom pays for what it gets', async () => {
      const credit = (amount: string) => [{ amount, from: '2026-11-01', until: '2026-11-05' }]
      const sponsors = [
        { id: 'acme', backends: ['paris'], credits: credit('1000GiB') },
        { id: 'beta', backends: ['virginia'], credits: credit('500GiB') },
      ]
      const text = `${await readFile(CONFIG, 'utf8')}sponsors: ${JSON.stringify(sponsors)}\n`
      const words = [await file('two.log', log().join('\n')), '--config', await file('two.yaml', text)]
      const [policy] = (await simulated(...words)).policies
      for (const [index, given] of [1000, 500].entries()) {
        const { bytes, budget } = policy!.sponsors[index]!
        // What was foreseen is what came of it.
        expect(Number(budget.months[0]!.spent)).toBe(bytes)
        expect(bytes).toBeLessThanOrEqual(given * GIB)
        expect(bytes).toBeGreaterThan(0.95 * given * GIB)
      }
      expect(policy!.requests).toBe(2880)
      expect(policy!.door.requests).toBe(0)
    })

    it('without a sponsor sends as many to another as spill allows, and tells when that will be used up', async () => {
      const sponsors = [
        { id: 'acme', backends: ['paris'], budget: { amount: '100TiB', per: 'month' } },
        { id: 'beta', backends: ['virginia'], budget: { amount: '1500GiB', per: 'month' }, floor: 1 },
      ]
      const text = await readFile(CONFIG, 'utf8')
      const config = await file(
        'spill.yaml',
        `${text}spill: { maxShare: 0.3 }\nsponsors: ${JSON.stringify(sponsors)}\n`,
      )
      const words = ['--config', config, '--without-sponsor', 'acme']
      const { policies } = await simulated(await file('spill.log', log().join('\n')), ...words)
      const [, policy] = policies
      expect(policy!.sponsors[0]).toMatchObject({ id: 'acme', requests: 0, bytes: 0 })
      const { requests, budget, passed } = policy!.sponsors[1]!
      expect(Math.abs(requests / 2880 - 0.3)).toBeLessThan(0.02)
      expect(passed).toEqual([])
      expect(policy!.backends.find(({ id }) => id === 'main')!.requests).toBe(2880 - requests)
      expect(budget.alarms[0]).toMatchObject({
        alarm: 'ends-early',
        ends: expect.stringMatching(/^2026-11-/),
      })
      const allowed = policies[1]!.changes!.find(({ to }) => to === 'virginia')
      expect(allowed).toMatchObject({ from: 'paris', requests })
    })

    it('reads standard input twice', async () => {
      const config = await sponsored('credit-of-input.yaml')
      const lines = log().join('\n')
      const named = await simulated(await file('named.log', lines), '--config', config)
      const words = ['simulate', '-', '--config', config, '--json']
      const { code, out, err } = await runHosted(words, { folder: folder.path, input: lines })
      expect({ code, err }).toEqual({ code: 0, err: '' })
      const document = JSON.parse(out) as Document
      expect(document.logs[0]).toMatchObject({ file: '-', requests: 2880 })
      expect(document.policies).toEqual(named.policies)
    })

    it('says what to do where standard input cannot be kept', async () => {
      const words = ['simulate', '-', '--config', await sponsored('unkept.yaml')]
      const env = { TMPDIR: join(folder.path, 'nowhere') }
      const { code, out, err } = await runHosted(words, { folder: folder.path, env, input: log()[0]! })
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toMatch(
        /^portolan: cannot keep standard input in .*nowhere .*; name a file, or set TMPDIR\n$/,
      )
    })

    it('says when it is used up, and what a floor costs then', async () => {
      const credit = { amount: '100GiB', from: '2026-11-01', until: '2026-11-05' }
      const config = await sponsored('floor.yaml', { credits: [credit], floor: 0.5 })
      const { policies } = await simulated(await file('floor.log', log().join('\n')), '--config', config)
      const { budget } = policies[0]!.sponsors[0]!
      expect(budget.months[0]).toMatchObject({ left: '0', usedUpAt: expect.stringMatching(/^2026-11-01T/) })
      expect(Number(budget.months[0]!.owed)).toBeGreaterThan(1000 * GIB)
      expect(budget.pace).toMatchObject({ lowest: 0.5, last: 0.5 })
      expect(budget.alarms.map(({ alarm }) => alarm)).toContain('used-up')
    })
  })

  it('tells months apart, as the sponsor has them, and none that the log does not reach', async () => {
    const line = (at: string, size: number) =>
      JSON.stringify({
        ...{ level: 'info', time: at, id: at, method: 'GET', address: '10.1.0.1', bytes: size },
        ...{ target: `/v2/app/blobs/sha256:${'5'.repeat(64)}`, bytesKnown: 'listed', msg: 'request' },
      })
    const log = await file(
      'months.log',
      // In Berlin it is November from eleven o'clock in the evening on.
      [
        line('2026-10-31T22:59:00Z', 100),
        line('2026-10-31T23:00:00Z', 20),
        line('2026-11-30T22:59:59Z', 3),
      ].join('\n'),
    )
    const acme = { id: 'acme', backends: ['paris'], timezone: 'Europe/Berlin' }
    const budget = { amount: '1KiB', per: 'month' }
    const text = `${await readFile(CONFIG, 'utf8')}sponsors: ${JSON.stringify([{ ...acme, budget }])}\n`
    const { policies } = await simulated(log, '--config', await file('months.yaml', text))
    expect(policies[0]!.sponsors[0]!.budget.months).toEqual([
      { month: '2026-10', budget: '1024', spent: '100', left: '924', owed: '0' },
      { month: '2026-11', budget: '1024', spent: '23', left: '1001', owed: '0' },
    ])
  })

  it('reads standard input, and a list of log entries in one document', async () => {
    const entry = (index: number) => ({
      insertId: `i${index}`,
      timestamp: '2026-11-27T08:00:00.5Z',
      httpRequest: {
        requestMethod: 'GET',
        requestUrl: `https://registry.test/v2/pause/blobs/sha256:${'3'.repeat(64)}`,
        status: 307,
        remoteIp: `10.2.0.${index}`,
      },
    })
    const input = JSON.stringify([entry(1), entry(2), entry(3), entry(1)], null, 2)
    const words = ['simulate', '-', '--config', CONFIG, '--json']
    const { code, out } = await runHosted(words, { folder: folder.path, input })
    expect(code).toBe(0)
    const { logs, policies } = JSON.parse(out) as Document
    expect(logs).toEqual([
      expect.objectContaining({ file: '-', format: 'cloud-run', lines: 4, requests: 3, duplicates: 1 }),
    ])
    expect(amounts(policies[0]!)).toMatchObject({ virginia: { requests: 3 } })
  })

  it('ends with 1 when too many lines cannot be read, and shows the first of them', async () => {
    const lines = (await readFile(LOG, 'utf8')).trimEnd().split('\n')
    const log = await file(
      'broken.log',
      [...lines.slice(0, 60), ...Array(9).fill('\u001b[31mred'), 'x'.repeat(70_000)].join('\n'),
    )
    const { code, out, err } = await simulate(log, '--config', CONFIG)
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(
        /^portolan: \d+\.\d % of the lines cannot be read; --max-unknown 5 allows 5 %\n$/,
      ),
    })
    expect(out).toMatch(/\n {2}line 61: it is no line of the combined log format: \u{fffd}\[31mred\n/u)
    expect(await simulate(log, '--config', CONFIG, '--max-unknown', '30')).toMatchObject({ code: 0, err: '' })
  })

  it('ends with 1 for what is no log', async () => {
    const log = await file('page.html', '<html>\n</html>\n')
    expect(await simulate(log, '--config', CONFIG)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining(
        'page.html: none of its first lines can be read in any form that is known (portolan, ',
      ),
    })
    expect(await simulate(await file('empty.log', ''), '--config', CONFIG)).toMatchObject({
      code: 1,
      err: 'portolan: the logs have no request\n',
    })
  })

  it('ends with 2 for a file that breaks off, and names it', async () => {
    const broken = gzipSync(await readFile(LOG)).subarray(0, 900)
    const log = await file('broken.log.gz', broken)
    expect(await simulate(log, '--config', CONFIG)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/^portolan: cannot read .*broken\.log\.gz: unexpected end of file\n$/),
    })
  })

  it.each<[title: string, words: string[], err: string]>([
    ['no config', ['a.log'], '--config is required'],
    ['no log', ['--config', CONFIG], 'name what to replay'],
    [
      'an unknown backend',
      [LOG, '--config', CONFIG, '--down', 'pari'],
      '--down "pari" is in no config (did you mean "paris"?); there are ',
    ],
    [
      'an upstream with an inventory',
      [LOG, '--config', CONFIG, '--inventory', 'main=x'],
      '--inventory "main" is in no config',
    ],
    ['an inventory without its store', [LOG, '--config', CONFIG, '--inventory', 'x'], 'must be ID=FILE'],
    ['a log that is not there', ['missing.log', '--config', CONFIG], 'cannot read missing.log'],
    [
      'prices that there are none',
      [LOG, '--config', CONFIG, '--prices', 'awz'],
      '--prices: cannot read awz: ',
    ],
    [
      'two tables of one cloud',
      [LOG, '--config', CONFIG, '--prices', 'aws', '--prices', 'aws'],
      'aws and aws are both for the backends at aws',
    ],
    [
      'no origin',
      [LOG, '--config', CONFIG, '--fill-from', 'mian'],
      '--fill-from "mian" is in no config (did you mean "main"?)',
    ],
    ['a form that there is none', [LOG, '--config', CONFIG, '--format', 'clf'], 'must be one of portolan'],
  ])('ends with 2 and one line for %s', async (_, words, err) => {
    const told = await simulate(...words)
    expect(told).toMatchObject({ code: 2, out: '', err: expect.stringContaining(err) })
    expect(told.err).toMatch(/^[^\n]+\n$/)
  })

  it('refuses the config of a mirror, and what is no inventory', async () => {
    const mirror = await file(
      'mirror.yaml',
      JSON.stringify({
        version: 1,
        delivery: 'relay',
        cache: 'off',
        upstreams: [{ id: 'hub', url: 'https://hub.test', at: 'anycast' }],
      }),
    )
    expect(await simulate(LOG, '--config', mirror)).toMatchObject({
      code: 2,
      err: expect.stringContaining("is a mirror's (delivery: relay)"),
    })
    expect(await simulate(LOG, '--config', CONFIG, '--inventory', `paris=${LOG}`)).toMatchObject({
      code: 1,
      err: expect.stringContaining('access.log: this is not a usable inventory'),
    })
  })
})
