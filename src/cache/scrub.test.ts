import { describe, expect, it } from 'vitest'
import { noiseOf, sha256Of } from '../../test/support/blob-sources.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { until } from '../../test/support/until.ts'
import { type Content, Contents } from './contents.ts'
import { Scrub } from './scrub.ts'

const DAY = 86_400_000
const MIB = 1024 * 1024

/** Contents by name, with what their files hold. */
function make(period: number | undefined, files: Readonly<Record<string, 'right' | 'wrong' | 'unreadable'>>) {
  const runtime = createTestRuntime()
  const contents = new Contents()
  const order: string[] = []
  const lost: string[] = []
  const names = new Map<string, string>()
  let now = runtime.date().getTime()
  for (const name of Object.keys(files)) {
    const bytes = noiseOf(2 * MIB, name.charCodeAt(0))
    names.set(sha256Of(bytes), name)
    contents.add(sha256Of(bytes), bytes.length, now++)
  }
  const nameOf = ({ digest }: Content) => names.get(digest)!
  let open = 0
  const scrub = new Scrub({
    ...{ runtime, contents },
    ...(period !== undefined && { period }),
    async open(content) {
      const name = nameOf(content)
      order.push(name)
      if (files[name] === 'unreadable') throw new Error('bad block')
      const bytes = noiseOf(2 * MIB, name.charCodeAt(0))
      if (files[name] === 'wrong') bytes[5]! ^= 1
      open++
      return {
        ...{ size: bytes.length, descriptor: -1 },
        read: async (start, end, into) => {
          into!.set(bytes.subarray(start, end))
          return into!.subarray(0, Math.min(end, bytes.length) - start)
        },
        close: () => void open--,
      }
    },
    verified: (content) => contents.verified(content, runtime.date().getTime()),
    async lost(content) {
      lost.push(nameOf(content))
      contents.drop(content)
    },
  })
  return { runtime, scrub, order, lost, contents, isOpen: () => open > 0 }
}

describe('a comparison that was asked for', () => {
  it('compares all, drops what is not right, and says so', async () => {
    const { scrub, lost, isOpen } = make(undefined, { a: 'right', b: 'wrong', c: 'unreadable', d: 'right' })
    const status = scrub.verify()
    expect(scrub.verify()).toBe(status)
    await until('its end', () => scrub.status?.ended !== undefined)
    expect(scrub.status).toMatchObject({ of: 4, checked: 4, lost: 2, names: expect.any(Array) })
    expect(lost).toEqual(['b', 'c'])
    expect(isOpen()).toBe(false)
    expect(scrub.verify()).not.toBe(status)
    await scrub.end()
  })

  it('ends when the mirror does', async () => {
    const { scrub } = make(undefined, { a: 'right', b: 'right' })
    scrub.verify()
    await scrub.end()
    expect(scrub.status?.ended).toBeUndefined()
  })
})

describe('by itself', () => {
  it('reads what is due, the longest waiting first, and no faster than it must', async () => {
    const { scrub, runtime, order, contents } = make(10 * DAY, { a: 'right', b: 'right' })
    const [first] = contents
    contents.verified(first!, runtime.date().getTime() + 100)
    scrub.begin()
    runtime.advance(9 * DAY)
    await Promise.resolve()
    expect(order).toEqual([])
    for (let round = 0; round < 24 && order.length < 2; round++) {
      runtime.advance(3_600_000)
      await until('the round', async () => {
        // At 4 MiB a second, a piece of 1 MiB takes a quarter of one.
        runtime.advance(300)
        await new Promise((resolve) => setImmediate(resolve))
        return order.length !== 1
      })
    }
    expect(order).toEqual(['b', 'a'])
    await scrub.end()
  })

  it('never reads anything where it is off', async () => {
    const { scrub, runtime, order } = make(undefined, { a: 'right' })
    scrub.begin()
    runtime.advance(1000 * DAY)
    await Promise.resolve()
    expect(order).toEqual([])
  })
})
