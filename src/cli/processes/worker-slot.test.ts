import { expect, it } from 'vitest'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { silentLog } from '../../telemetry/log.ts'
import type { WorkerExit } from './worker-process.ts'
import { type SlotWorker, WorkerSlot } from './worker-slot.ts'

/** A slot whose workers listen at once, or never, and end when the test says so. */
function slotOf(listens = true) {
  const lines: object[] = []
  const runtime = createTestRuntime({ log: { ...silentLog, error: (fields) => void lines.push(fields) } })
  const ends: ((exit: WorkerExit) => void)[] = []
  const lost: number[] = []
  const slot = new WorkerSlot({
    runtime,
    number: 1,
    start(): SlotWorker {
      const ended = new Promise<WorkerExit>((resolve) => ends.push(resolve))
      const failed = ended.then(() => Promise.reject(new Error('it ended')))
      failed.catch(() => {})
      return { pid: ends.length, ended, listening: listens ? Promise.resolve() : failed }
    },
    onLost: (failures) => void lost.push(failures),
  })
  /** Ends the worker that was started last, so long after it was. */
  const end = async (after: number) => {
    await runtime.advance(after)
    ends.at(-1)!({ code: null, signal: 'SIGKILL' })
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { slot, runtime, started: () => ends.length, end, lost, lines }
}

it('puts another in place of one that ends, at once', async () => {
  const { slot, runtime, started, end, lines } = slotOf()
  await slot.fill()
  await end(60_000)
  await runtime.advance(0)
  expect(started()).toBe(2)
  expect(lines).toEqual([{ worker: 1, pid: 1, code: null, signal: 'SIGKILL', pauseMs: 0 }])
})

it('waits longer and longer, up to half a minute, while they end at once, and counts them', async () => {
  const { slot, runtime, started, end, lost, lines } = slotOf()
  const pauses = () => lines.map((line) => (line as { pauseMs: number }).pauseMs)
  await slot.fill()
  for (let n = 0; n < 12; n++) {
    await end(10)
    await runtime.advance(pauses().at(-1)!)
    expect(started()).toBe(n + 2)
  }
  expect(lost).toEqual(Array.from({ length: 12 }, (_, n) => n + 1))
  expect(pauses().slice(0, 4)).toEqual([0, 400, 800, 1600])
  expect(pauses().at(-1)).toBe(30_000)
  // One that has run for long enough makes good for those before.
  await end(60_000)
  expect(lost.at(-1)).toBe(0)
})

it('says when the first one ends before it takes requests', async () => {
  const { slot, end } = slotOf(false)
  const filled = slot.fill()
  filled.catch(() => {})
  await end(10)
  await expect(filled).rejects.toThrow('it ended')
})

it('tries again where a process cannot even be begun', async () => {
  const lines: object[] = []
  const runtime = createTestRuntime({ log: { ...silentLog, error: (fields) => void lines.push(fields) } })
  let begun = 0
  const slot = new WorkerSlot({
    runtime,
    number: 1,
    start() {
      if (++begun < 3) throw new Error('spawn ENOMEM')
      return { pid: 7, ended: new Promise(() => {}), listening: Promise.resolve() }
    },
    onLost() {},
  })
  await expect(slot.fill()).rejects.toThrow('ENOMEM')
  await runtime.advance(0)
  await runtime.advance(400)
  expect(begun).toBe(3)
  expect(lines).toEqual([
    { worker: 1, code: null, signal: null, why: 'spawn ENOMEM', pauseMs: 0 },
    { worker: 1, code: null, signal: null, why: 'spawn ENOMEM', pauseMs: 400 },
  ])
})

it('puts none in place of one that ends once it is closed', async () => {
  const { slot, runtime, started, end, lines } = slotOf()
  await slot.fill()
  slot.close()
  await end(10)
  await runtime.advance(60_000)
  expect([started(), lines]).toEqual([1, []])
})
