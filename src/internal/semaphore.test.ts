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
  const waiting = semaphore.acquire()
  abort.abort(new Error('enough'))
  await expect(given).rejects.toThrow('enough')
  await expect(semaphore.acquire(abort.signal)).rejects.toThrow('enough')
  release()
  ;(await waiting)()
  expect(semaphore.idle).toBe(true)
})

it('holds places by weight; one that is heavier than all goes in alone, and nobody overtakes', async () => {
  const semaphore = new Semaphore(10)
  const entered: string[] = []
  const enter = async (who: string, weight: number) => {
    const release = await semaphore.acquire(undefined, weight)
    entered.push(who)
    return release
  }
  const a = enter('6', 6)
  const b = enter('99', 99)
  const c = enter('1', 1)
  ;(await a)()
  const release = await b
  expect(entered).toEqual(['6', '99'])
  release()
  ;(await c)()
  expect(entered).toEqual(['6', '99', '1'])
  expect(semaphore.idle).toBe(true)
})

it('lets in those behind a heavy one that gives up', async () => {
  const semaphore = new Semaphore(2)
  const abort = new AbortController()
  await semaphore.acquire()
  const heavy = semaphore.acquire(abort.signal, 2)
  const light = semaphore.acquire()
  abort.abort(new Error('enough'))
  await expect(heavy).rejects.toThrow('enough')
  await light
})

it('runs work for each item, so much at once, and frees the place of what fails', async () => {
  const semaphore = new Semaphore(2)
  let underWay = 0
  let most = 0
  const work = async (item: number) => {
    most = Math.max(most, ++underWay)
    await new Promise((resolve) => setImmediate(resolve))
    underWay--
    return item * 2
  }
  expect(await semaphore.map([1, 2, 3, 4, 5], work)).toEqual([2, 4, 6, 8, 10])
  expect(most).toBe(2)
  const failing = async () => {
    throw new Error('failed')
  }
  await expect(semaphore.run(failing)).rejects.toThrow('failed')
  expect(semaphore.idle).toBe(true)
})
