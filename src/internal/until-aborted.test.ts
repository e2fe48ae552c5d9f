import { expect, it } from 'vitest'
import { untilAborted } from './until-aborted.ts'

it('gives what the promise gives, with a signal and without one', async () => {
  const { signal } = new AbortController()
  expect(await untilAborted(signal, Promise.resolve(1))).toBe(1)
  expect(await untilAborted(undefined, Promise.resolve(2))).toBe(2)
  await expect(untilAborted(signal, Promise.reject(new Error('its own')))).rejects.toThrow('its own')
})

it('rejects with the reason of a signal that aborts first, or has aborted', async () => {
  const abort = new AbortController()
  const waiting = untilAborted(abort.signal, new Promise(() => {}))
  abort.abort(new Error('stop'))
  await expect(waiting).rejects.toThrow('stop')
  await expect(untilAborted(abort.signal, Promise.resolve(1))).rejects.toThrow('stop')
})

it('leaves no unhandled rejection of a promise that fails afterwards', async () => {
  const late = Promise.withResolvers<never>()
  await expect(untilAborted(AbortSignal.abort(new Error('stop')), late.promise)).rejects.toThrow('stop')
  late.reject(new Error('nobody listens'))
  await new Promise((resolve) => setImmediate(resolve))
})
