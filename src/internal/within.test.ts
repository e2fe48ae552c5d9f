import { expect, it } from 'vitest'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { within } from './within.ts'

it('is what the promise comes to, or else what stands for late', async () => {
  const runtime = createTestRuntime()
  const { promise, resolve } = Promise.withResolvers<string>()
  const impatient = within(runtime, 10, promise, 'late')
  const patient = within(runtime, 1000, promise, 'late')
  runtime.advance(10)
  expect(await impatient).toBe('late')
  resolve('there')
  expect(await patient).toBe('there')
  expect(await within(runtime, 10, promise, 'late')).toBe('there')
})

it('tells nobody who has given up', async () => {
  const runtime = createTestRuntime()
  const { promise, resolve } = Promise.withResolvers<string>()
  let told = 0
  const { after } = runtime
  const counting = {
    after: (milliseconds: number, work: () => void) => {
      const cancel = after(milliseconds, work)
      return () => {
        told++
        cancel()
      }
    },
  }
  for (let n = 0; n < 3; n++) void within(counting, 10, promise, 'late')
  void within(counting, 1000, promise, 'late')
  runtime.advance(10)
  resolve('there')
  await promise
  await Promise.resolve()
  expect(told).toBe(1)
})
