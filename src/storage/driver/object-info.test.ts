import { expect, it } from 'vitest'
import { checkRange } from './object-info.ts'

const FIRST = { start: 0, end: 1 }

it.each<[what: string, contentRange: string | undefined, contentLength: number | undefined, length: number]>([
  ['what was asked for', 'bytes 0-0/7', 1, 1],
  ['nothing of nothing, as nginx sends it: all of it', undefined, 0, 0],
  ['nothing of nothing, as s3rver says it', 'bytes 0-0/0', 0, 0],
  ['nothing of nothing, as azurite says it', 'bytes 0--1/0', 0, 0],
])('takes %s', (_, contentRange, contentLength, length) => {
  expect(checkRange('store', 'key', FIRST, contentRange, contentLength)).toBe(length)
})

it.each<[what: string, contentRange: string | undefined, contentLength: number | undefined]>([
  ['all of it in place of a part', undefined, 7],
  ['what does not say how much it is', undefined, undefined],
  ['another part', 'bytes 1-1/7', 1],
  ['more than was asked for', 'bytes 0-6/7', 7],
])('refuses %s', (_, contentRange, contentLength) => {
  expect(() => checkRange('store', 'key', FIRST, contentRange, contentLength)).toThrow(
    expect.objectContaining({ code: 'CONTENT_INVALID' }),
  )
})
