import { expect, it } from 'vitest'
import { nearTags } from './near-tags.ts'

const list = (...tags: string[]) => new TextEncoder().encode(JSON.stringify({ name: 'a', tags }))

it.each<[tag: string, tags: string[], near: string[]]>([
  ['v1.30.1', ['v1.30.0', 'v1.30.1-rc.0', 'v1.29.9', 'other'], ['v1.30.0']],
  ['lastest', ['latest', 'v1'], ['latest']],
  ['main', ['1.0', '1.2', '1.1', '0.9'], ['1.2', '1.1', '1.0']],
  ['1.0', ['1.0', '1.1'], []],
  ['1.0', [], []],
])('of %s, with %j there, %j are offered', (tag, tags, near) => {
  expect(nearTags(tag, list(...tags))).toEqual(near)
})

it.each(['null', '{}', '{"tags":null}', '{"tags":[1]}'])('%s is a list of none', (text) => {
  expect(nearTags('1.0', new TextEncoder().encode(text))).toEqual([])
})
