import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ObjectInfo } from '../object-store.ts'
import { compareKeys, readPages } from './listing.ts'

test('keys are in the order of their UTF-8 bytes', () => {
  const text = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
  )
})

test('what no byte before it tells apart is told apart by the plane it is in', () => {
  expect(['\u{1f6a2}', '\uffee', '\ue000', 'z'].sort(compareKeys)).toEqual([
    'z',
    '\ue000',
    '\uffee',
    '\u{1f6a2}',
  ])
})

const info = (key: string): ObjectInfo => ({ key, size: 1, modified: 0 })

test('a listing whose empty pages have no end is given up', async () => {
  let asked = 0
  const pages = readPages('store', '', async () => ({ objects: [], next: String(++asked) }))
  await expect(pages.next()).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
  expect(asked).toBeLessThan(2000)
})

test('empty pages between full ones are passed by', async () => {
  const all = [[info('a')], [], [], [info('b')]]
  const pages = readPages('store', '', async (token) => {
    const at = Number(token ?? 0)
    return { objects: all[at]!, ...(at < 3 && { next: String(at + 1) }) }
  })
  const keys: string[] = []
  for await (const { key } of pages) keys.push(key)
  expect(keys).toEqual(['a', 'b'])
})
