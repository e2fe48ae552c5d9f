import { expect, test } from 'vitest'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { loadConfig } from '../config/load.ts'
import type { Log } from '../telemetry/log.ts'
import { createPortolan } from './compose.ts'
import type { DoorRuntime } from './runtime.ts'

const UPSTREAM = { id: 'main', url: 'https://registry.test', at: 'gcp/us-central1' }
const ranges: NonNullable<DoorRuntime['ranges']> = {
  read: async () => undefined,
  write: async () => {},
  update: async () => ({ refused: [] }),
}

/** What a door says by the time all its backends were tried, and after one reload. */
async function linesOf(parts: object, lent: Partial<DoorRuntime> = {}, reloaded?: object) {
  const lines: { level: string; message: string; fields: object }[] = []
  const line = (level: string) => (fields: object, message: string) =>
    void (level !== 'info' && lines.push({ level, message, fields }))
  const log: Log = { debug() {}, info: line('info'), warn: line('warn'), error: line('error') }
  const runtime = { ...createTestRuntime({ log, ...lent }), ...lent }
  const config = (rest: object) => loadConfig({ version: 1, upstreams: [UPSTREAM], ...rest })
  await using portolan = await createPortolan(config(parts), runtime, { metrics: false })
  await portolan.tried
  if (reloaded !== undefined) await portolan.reload(config(reloaded))
  return lines
}

const well = { fetch: async () => new Response() }
const RULES = { routing: [{ when: { cloud: 'aws' }, prefer: ['main'] }] }
const WARNING = {
  level: 'warn',
  message: 'the config cannot do all that it says',
  fields: {
    path: 'routing[0].when',
    problem: expect.stringContaining('nothing says that a client is there'),
  },
}

test('a door warns of what its config cannot do', async () => {
  expect(await linesOf(RULES, { ...well, ranges })).toEqual([WARNING])
})

test('also of one that is put in force later', async () => {
  expect(await linesOf({}, { ...well, ranges }, RULES)).toEqual([WARNING])
})

test('a hundred warnings get a line, and the others one together', async () => {
  const many = { routing: Array.from({ length: 120 }, () => RULES.routing[0]!) }
  const lines = await linesOf(many, { ...well, ranges })
  expect(lines.slice(0, 100)).toEqual(
    lines.slice(0, 100).map(() => ({ ...WARNING, fields: expect.anything() })),
  )
  expect(lines.slice(100)).toMatchObject([{ level: 'warn', fields: { more: 139 } }])
})

test('a runtime without a disk knows the places of clients by itself', async () => {
  expect(await linesOf(RULES, well)).toEqual([])
})

test('a door says loudly that every backend is down', async () => {
  const lines = await linesOf({}, { fetch: () => Promise.reject(new Error('no way there')) })
  expect(lines.filter(({ level }) => level === 'error')).toEqual([
    {
      level: 'error',
      message: 'every backend is down: no pull will work until one is back',
      fields: { backends: 1, why: ['main: no way there'] },
    },
  ])
})
