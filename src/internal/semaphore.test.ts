import { expect, it } from 'vitest'
import { Semaphore } from './semaphore.ts'

it('gives so many places, and the next in the order of asking', async () => {
  const semaphore = new Semaphore(2)
  const entered: string[] = []
  const enter = async (who: string) => {
    const release = await semaphore.acquire()
    entered.push(who)
    return release
  }
  const [first, second, third, fourth] = ['a', 'b', 'c', 'd'].map(enter) as [
    ReturnType<typeof enter>,
    ...ReturnType<typeof enter>[],
  ]
  const release = await first
  await second
  expect(entered).toEqual(['a', 'b'])
  release()
  // A place that is freed twice is one place.
  release()
  ;(await third)!()
  await fourth
  expect(entered).toEqual(['a', 'b', 'c', 'd'])
})

it('forgets who no longer wants a place', async () => {
  const semaphore = new Semaphore(1)
  const abort = new AbortController()
  const release = await semaphore.acquire()
  const given = semaphore.acquire(abort.signal)
  const patient = semaphore.acquire()
  abort.abort(new Error('enough'))
  await expect(given).rejects.toThrow('enough')
  await expect(semaphore.acquire(abort.signal)).rejects.toThrow('enough')
  release()
  ;(await patient)()
  expect(semaphore.idle).toBe(true)
})
