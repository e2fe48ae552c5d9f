import { expect, it } from 'vitest'
import { configOf } from '../../test/support/config.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { createPortolan } from './compose.ts'

const CONFIG = configOf({
  upstreams: [{ id: 'iowa', url: 'https://iowa.test', at: 'gcp/us-central1' }],
  health: { failures: 3, successes: 2 },
})

/** A door in a process of its own, whose clock began at another moment; its upstream answers this status. */
async function doorAt(begun: number, answer: { status: number }) {
  const runtime = createTestRuntime({
    fetch: async () => new Response('{}', { status: answer.status }),
    // Checks of its own are of no interest here.
    after: () => () => {},
  })
  runtime.advance(begun)
  const portolan = await createPortolan(CONFIG, {
    ...runtime,
    date: () => new Date(1e12 + runtime.now() - begun),
  })
  await portolan.tried
  return portolan
}

it('goes on from what another door has recorded: its third failure in a row ejects', async () => {
  const answer = { status: 200 }
  const statuses: string[] = []
  let records = await (await doorAt(0, answer)).checkBackends()
  answer.status = 503
  for (const begun of [5000, 80_000, 300]) {
    await using door = await doorAt(begun, answer)
    records = await door.checkBackends(records)
    statuses.push(`${records[0]!.health.status} ${records[0]!.health.failures}`)
  }
  expect(statuses).toEqual(
    ['healthy 1', 'healthy 2', 'ejected 0'].map((text) => text.replace('healthy', 'degraded')),
  )
  expect(records[0]!.health.notBefore).toBeGreaterThan(1e12)
})

it('comes back no sooner than the other door has said', async () => {
  const answer = { status: 503 }
  await using first = await doorAt(0, answer)
  const [record] = await first.checkBackends()
  const ejected = { ...record!.health, status: 'ejected', since: 1e12, ejections: 1 } as const
  answer.status = 200
  await using second = await doorAt(80_000, answer)
  const statusAfter = async (notBefore: number) => {
    const [after] = await second.checkBackends([{ ...record!, health: { ...ejected, passes: 1, notBefore } }])
    return after!.health.status
  }
  expect(await statusAfter(1e12 + 60_000)).toBe('ejected')
  expect(await statusAfter(1e12 - 1)).toBe('ejected')
})

it('leaves out of traffic what it has seen fail itself, whatever was recorded before', async () => {
  const answer = { status: 200 }
  await using door = await doorAt(0, answer)
  const healthy = await door.checkBackends()
  answer.status = 503
  let records = healthy
  for (let n = 0; n < 3; n++) records = await door.checkBackends()
  expect(records[0]!.health.status).toBe('ejected')
  answer.status = 200
  records = await door.checkBackends(healthy)
  expect(records[0]!.health).toMatchObject({ status: 'ejected', passes: 1 })
})
