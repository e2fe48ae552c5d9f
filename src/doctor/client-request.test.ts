import { expect, it } from 'vitest'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { getAsClient } from './client-request.ts'

/** A runtime that counts the timers that wait. */
function counted(reply: () => Promise<Response>) {
  const runtime = createTestRuntime({ fetch: reply })
  let waiting = 0
  const after = (milliseconds: number, work: () => void) => {
    waiting++
    const callOff = runtime.after(milliseconds, work)
    return () => {
      waiting--
      callOff()
    }
  }
  return { runtime: { ...runtime, after }, waiting: () => waiting }
}

it('nothing waits any more once the body was read, was none, or never came', async () => {
  const body = counted(async () => new Response('text'))
  const reply = await getAsClient('http://a.test/', body.runtime)
  expect(body.waiting()).toBe(1)
  expect(await reply.text()).toBe('text')
  expect(body.waiting()).toBe(0)

  const bodiless = counted(async () => new Response(null))
  await getAsClient('http://a.test/', bodiless.runtime)
  expect(bodiless.waiting()).toBe(0)

  const failing = counted(async () => {
    throw new Error('refused')
  })
  await expect(getAsClient('http://a.test/', failing.runtime)).rejects.toThrow('refused')
  expect(failing.waiting()).toBe(0)
})
