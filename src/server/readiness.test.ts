import { expect, test } from 'vitest'
import { DoorReadiness } from './readiness.ts'

test.each([
  ['a door whose backends have never been well', false, [false, false], { isReady: false }],
  ['a door of which one backend is well', false, [true, false], { isReady: true }],
  [
    'a mirror with a cache whose backends have never been well',
    true,
    [false],
    { isReady: true, problem: 'every backend is down' },
  ],
  ['a mirror whose backend is well', true, [true], { isReady: true }],
])('%s', (_, keeps, usable, expected) => {
  const backends = usable.map((isUsable) => ({ isUsable }))
  const parts = { backends: () => backends, keeps: () => keeps }
  expect(new DoorReadiness({ ...parts, listening: () => '0.0.0.0:8080' }).status).toMatchObject(expected)
  expect(new DoorReadiness({ ...parts, listening: () => undefined }).status).toEqual({ isReady: false })
})
