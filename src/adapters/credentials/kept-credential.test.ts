import { expect, test } from 'vitest'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import type { Credential } from '../../transport/credential.ts'
import { KeptCredential } from './kept-credential.ts'

const HOUR = 3_600_000
const token = (number: number): Credential => ({ kind: 'identityToken', token: `${number}` })

/** Whoever issues logins, numbered; `fails` makes it refuse. */
function createIssuer() {
  const state = { count: 0, fails: false }
  const background: Promise<unknown>[] = []
  const runtime = createTestRuntime({ background: (work) => void background.push(work) })
  const kept = new KeptCredential(async () => {
    state.count++
    if (state.fails) throw new Error('no login today')
    return { credential: token(state.count), lifetime: 10 * HOUR }
  }, runtime)
  return { state, runtime, kept, settled: () => Promise.all(background) }
}

test('a login is issued once for all, and the next before it ends without anybody waiting', async () => {
  const { state, runtime, kept, settled } = createIssuer()
  expect(await Promise.all([kept.get(), kept.get(), kept.get()])).toEqual([token(1), token(1), token(1)])
  runtime.advance(8 * HOUR - 1)
  expect(await kept.get()).toEqual(token(1))
  expect(state.count).toBe(1)
  runtime.advance(1)
  expect(await kept.get()).toEqual(token(1))
  await settled()
  expect(await kept.get()).toEqual(token(2))
  expect(state.count).toBe(2)
})

test('a login that cannot be renewed is used to its end, and asked for ever more seldom', async () => {
  const { state, runtime, kept, settled } = createIssuer()
  await kept.get()
  state.fails = true
  runtime.advance(8 * HOUR)
  const counts: number[] = []
  for (const seconds of [0, 4, 1, 9, 1, 19, 1]) {
    runtime.advance(seconds * 1000)
    expect(await kept.get()).toEqual(token(1))
    await settled()
    counts.push(state.count)
  }
  expect(counts).toEqual([2, 2, 3, 3, 4, 4, 5])
  runtime.advance(2 * HOUR)
  await expect(kept.get()).rejects.toThrow('no login today')
  await expect(kept.get()).rejects.toThrow('no login today')
  expect(state.count).toBe(6)
  state.fails = false
  runtime.advance(300_000)
  expect(await kept.get()).toEqual(token(7))
})

test('a login that was refused is issued anew, once for all who were refused', async () => {
  const { state, runtime, kept } = createIssuer()
  await kept.get()
  runtime.advance(HOUR)
  expect(await Promise.all([kept.get(token(1)), kept.get(token(1))])).toEqual([token(2), token(2)])
  // Who asked with the old one comes late, and gets the new one.
  expect(await kept.get(token(1))).toEqual(token(2))
  // A new one that is refused, too, is no reason to ask for one after the other.
  for (const _ of [1, 2, 3]) expect(await kept.get(token(2))).toEqual(token(2))
  expect(state.count).toBe(2)
  runtime.advance(60_000)
  expect(await kept.get(token(2))).toEqual(token(3))
})

test('whoever issues logins and never answers keeps nobody for ever', async () => {
  const runtime = createTestRuntime()
  const kept = new KeptCredential(() => new Promise(() => {}), runtime)
  const asked = kept.get()
  runtime.advance(60_000)
  await expect(asked).rejects.toMatchObject({ code: 'UNREACHABLE' })
})

test('a login that has ended by the clock of this machine is not issued at each request', async () => {
  let count = 0
  const kept = new KeptCredential(
    async () => ({ credential: token(++count), lifetime: -3 * HOUR }),
    createTestRuntime(),
  )
  for (const _ of [1, 2, 3]) expect(await kept.get()).toEqual(token(1))
})
