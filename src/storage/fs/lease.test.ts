import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { createTestRuntime, type TestRuntime } from '../../../test/support/test-runtime.ts'
import { until } from '../../../test/support/until.ts'
import { type Lease, takeLease } from './lease.ts'
import { formatLease, type LeaseState, leaseFile } from './lease-file.ts'
import { describeThisProcess, type LeaseHolder } from './lease-holder.ts'

let folder: string
let runtime: TestRuntime

beforeEach(async () => {
  const temp = await makeTempFolder()
  folder = temp.path
  runtime = createTestRuntime({ random: Math.random })
  return () => temp[Symbol.asyncDispose]()
})

const EXPIRY = 30_000
const taken: Lease[] = []
async function take(onWait?: (message: string) => void): Promise<Lease> {
  const lease = await takeLease(folder, { runtime, expiry: EXPIRY, ...(onWait && { onWait }) })
  taken.push(lease)
  return lease
}
afterEach(async () => {
  for (const lease of taken.splice(0)) await lease.release()
})

/** A lease of somebody of whom nothing can be seen from here. */
async function leaveLease(fence: number, parts: Partial<LeaseState> = {}): Promise<LeaseState> {
  const holder: LeaseHolder = {
    host: 'elsewhere',
    pid: 1,
    started: '7',
    boot: 'another',
    namespace: 'pid:[1]',
  }
  const state = { owner: 'other', holder, expiry: EXPIRY, beat: 1, released: false, ...parts }
  await writeFile(leaseFile(folder, fence), formatLease(state))
  return state
}

/** Turns the clock a step at a time, so that whoever waits looks each time, until it is settled. */
async function turnUntilSettled(waiting: Promise<unknown>): Promise<number> {
  let settled = false
  const settle = () => {
    settled = true
  }
  waiting.then(settle, settle)
  const begun = runtime.now()
  for (let steps = 0; !settled && steps < 1000; steps++) {
    runtime.advance(500)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return runtime.now() - begun
}

describe('a lease that somebody has', () => {
  it('keeps a second one out at once when its process can be seen to live, and names it', async () => {
    const lease = await take()
    const { host } = await describeThisProcess()
    await expect(take()).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      message: `${folder} is in use by process ${process.pid} on ${host}; wait for it to end, or use another folder`,
    })
    await lease.release()
    const next = await take()
    expect([next.fence, next.predecessor]).toEqual([2, 'released'])
    await next.release()
    expect(await readdir(folder)).toEqual(['lease-2.json'])
  })

  it('is taken over at once when its process can be seen to be gone', async () => {
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    const here = await describeThisProcess()
    for (const [fence, holder] of [
      [20, { ...here, pid: child.pid! }],
      [30, { ...here, started: '1' }],
    ] as const) {
      await leaveLease(fence, { holder })
      const lease = await take()
      expect([lease.fence, lease.predecessor]).toEqual([fence + 1, 'gone'])
      await lease.release()
    }
  })

  it('is taken over from one that cannot be seen only after its time without a heartbeat', async () => {
    await leaveLease(4)
    const said: string[] = []
    const taking = take((message) => said.push(message))
    expect(await turnUntilSettled(taking)).toBeGreaterThanOrEqual(EXPIRY)
    const lease = await taking
    expect([lease.fence, lease.predecessor]).toEqual([5, 'silent'])
    expect(said).toEqual([
      `${folder} is in use by process 1 on elsewhere; waiting up to 30 s for a sign of life`,
    ])
    await lease.release()
  })

  it('keeps out whoever sees its heartbeat change, whatever dates the two have', async () => {
    const state = await leaveLease(4)
    const watched = Promise.withResolvers<string>()
    const taking = take(watched.resolve)
    taking.catch(() => {})
    await watched.promise
    await leaveLease(4, { ...state, beat: 2 })
    await turnUntilSettled(taking)
    await expect(taking).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
  })

  it('is let go of when it is given back while another waits', async () => {
    const state = await leaveLease(4)
    const watched = Promise.withResolvers<string>()
    const taking = take(watched.resolve)
    await watched.promise
    await leaveLease(4, { ...state, released: true })
    await turnUntilSettled(taking)
    expect((await taking).predecessor).toBe('released')
  })

  it('is waited for when nobody can read it', async () => {
    await writeFile(leaseFile(folder, 1), '{"version":')
    const taking = take()
    expect(await turnUntilSettled(taking)).toBeGreaterThanOrEqual(EXPIRY)
    expect((await taking).predecessor).toBe('silent')
  })

  it('goes to one of many who come at once', async () => {
    await leaveLease(3, { released: true })
    const taken = await Promise.allSettled(Array.from({ length: 8 }, () => take()))
    expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

describe('one that has a lease', () => {
  it('shows a heartbeat while its clock runs', async () => {
    const lease = await take()
    const text = () => readFile(leaseFile(folder, 1), 'utf8')
    const before = await text()
    runtime.advance(EXPIRY / 10)
    await until('a heartbeat', async () => (await text()) !== before)
    expect((await text()).length).toBe(before.length)
    await lease.release()
    expect((await text()).length).toBe(before.length)
  })

  it('finds out before it writes that it was taken over while it was stopped', async () => {
    const lease = await take()
    await lease.check()
    await leaveLease(2)
    runtime.advance(EXPIRY * 2)
    await expect(lease.check()).rejects.toMatchObject({
      code: 'LEASE_LOST',
      message: expect.stringContaining('another process has taken it over; it writes nothing more'),
    })
    expect(lease.lost.aborted).toBe(true)
    await lease.release()
    expect(JSON.parse(await readFile(leaseFile(folder, 2), 'utf8'))).toMatchObject({ owner: 'other' })
  })

  it('goes on when it was stopped and nobody took it over', async () => {
    const lease = await take()
    runtime.advance(EXPIRY * 2)
    await lease.check()
    expect(lease.lost.aborted).toBe(false)
    await lease.release()
  })
})
