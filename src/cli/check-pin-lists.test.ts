import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeTempFolder } from '../../test/support/temp.ts'
import { loadConfig } from '../config/load.ts'
import { checkPinLists } from './check-pin-lists.ts'

const folder = await makeTempFolder()
afterAll(() => folder[Symbol.asyncDispose]())

const configOf = (...pin: string[]) =>
  loadConfig(
    {
      ...{ version: 1, delivery: 'relay', cache: { folder: 'kept', size: '64MiB', pin } },
      registries: [{ host: 'a.example', upstreams: ['a'] }],
      upstreams: [{ id: 'a', url: 'https://a.example', at: 'dc/x' }],
    },
    { baseFolder: folder.path },
  )

test.each([
  ['a list of images', 'a.example/x:1\n', []],
  [
    'lines that name none, and registries that are not there',
    'a.example/x:1\nhttps://x\nalpine:3\nbusybox:1\n',
    [
      expect.stringMatching(/^line 2: "https:\/\/x" is not an image reference/),
      'names docker.io/library/alpine:3, and docker.io is none of the registries: a.example',
    ],
  ],
  ['nothing', '# later\n', ['names no image']],
])('config check says of %s what is wrong with it', async (_, text, expected) => {
  await writeFile(join(folder.path, 'list'), text)
  const warnings = await checkPinLists(configOf('list'), 'mirror.yaml')
  expect(warnings.map(({ message }) => message)).toEqual(expected)
})

test('a list that is not here may be where the mirror runs', async () => {
  expect(await checkPinLists(configOf('missing'), 'mirror.yaml')).toEqual([
    {
      file: 'mirror.yaml',
      path: 'cache.pin[0]',
      value: join(folder.path, 'missing'),
      message: expect.stringMatching(/^cannot be read here \(ENOENT.*\); where the mirror runs, it must be$/),
    },
  ])
})

test('a door has none', async () => {
  const door = loadConfig({ version: 1, upstreams: [{ id: 'a', url: 'https://a.example', at: 'dc/x' }] })
  expect(await checkPinLists(door, 'door.yaml')).toEqual([])
})
