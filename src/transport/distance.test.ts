import { expect, it } from 'vitest'
import { Distances, withDistances } from './distance.ts'

it('a host is as far as its fastest answer', async () => {
  const distances = new Distances()
  let now = 0
  const took = [80, 30, 50]
  const fetch = withDistances(distances, { now: () => now })(async () => {
    now += took.shift()!
    return new Response()
  })
  expect(distances.of('far.test')).toBeUndefined()
  for (let times = 0; times < 3; times++) await fetch('https://far.test/v2/', {})
  expect(distances.of('far.test')).toBe(30)
})

it('one that does not answer is at no distance, and hosts without number take no memory', async () => {
  const distances = new Distances()
  const fetch = withDistances(distances, { now: () => 0 })(() => Promise.reject(new Error('gone')))
  await expect(fetch('https://gone.test/', {})).rejects.toThrow('gone')
  expect(distances.of('gone.test')).toBeUndefined()
  for (let host = 0; host <= 1000; host++) distances.note(`${host}.test`, host)
  expect(distances.of('0.test')).toBeUndefined()
  expect(distances.of('1000.test')).toBe(1000)
})
