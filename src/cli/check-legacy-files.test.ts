import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeTempFolder, type TempFolder } from '../../test/support/temp.ts'
import { loadConfig } from '../config/load.ts'
import { checkLegacyFiles } from './check-legacy-files.ts'

const FROM = '2026-01-10T00:00:00Z'
let folder: TempFolder
beforeEach(async () => {
  folder = await makeTempFolder()
})
afterEach(() => folder[Symbol.asyncDispose]())

const fileOf = (name: string) => join(folder.path, name)
const listOf = (checked: string, counts: object = {}) =>
  JSON.stringify({
    ...{
      version: 1,
      host: 'old.example',
      listedFrom: 'x',
      listed: checked,
      successor: 'new.example',
      checked,
    },
    counts: {
      ...{ repositories: 0, tags: 0, manifests: 0, blobs: 0, referrers: 0 },
      ...{ missing: 0, different: 0, unknown: 0, excepted: 0, ...counts },
    },
    ...{ findings: [], repositories: {} },
  })

async function check(files: Record<string, string>, phase: object = {}): Promise<string[]> {
  for (const [name, text] of Object.entries(files)) await writeFile(fileOf(name), text)
  const config = loadConfig({
    version: 1,
    upstreams: [{ id: 'main', url: 'https://main.example', at: 'dc/x' }],
    legacy: {
      ...{ host: 'old.example', successor: 'new.example', frozen: '2025-01-01' },
      ...{ list: fileOf('list'), off: fileOf('off'), record: fileOf('record') },
      phases: [{ phase: 'warn', from: FROM, ...phase }],
    },
  })
  const { faults, warnings } = await checkLegacyFiles(config, 'c.yaml', Date.parse(FROM) + 1000)
  return [
    ...faults.map(({ path, message }) => `fault ${path} ${message}`),
    ...warnings.map(({ path, message }) => `warning ${path} ${message}`),
  ].map((line) => line.replaceAll(folder.path, ''))
}

const began = (share: number) =>
  JSON.stringify({
    ...{ version: 1, host: 'old.example' },
    phases: [
      {
        config: {
          id: 'warn-1',
          phase: 'warn',
          from: Date.parse(FROM),
          share,
          when: {},
          answer: 'unavailable',
        },
        began: Date.parse(FROM),
      },
    ],
  })

test.each<[string, Record<string, string>, string[]]>([
  ['all is well', { list: listOf(FROM) }, []],
  ['there is no list', {}, ['warning legacy.list lets no phase but announce begin: there is no /list yet']],
  [
    'something is missing',
    { list: listOf(FROM, { missing: 2 }) },
    ['warning legacy.list lets no phase but announce begin: the new name lacks 2'],
  ],
  [
    'the list is old',
    { list: listOf('2026-01-01T00:00:00Z') },
    ['warning legacy.phases[0] is held back: the list was checked too long'],
  ],
  [
    'the list is none',
    { list: '[]' },
    ['fault legacy legacy.list: /list cannot be used: is no list of an old name'],
  ],
  [
    'the list is of another name',
    { list: listOf(FROM).replace('old.example', 'other.example') },
    ['fault legacy legacy.list: /list cannot be used: is the list of other.example'],
  ],
  ['the record is none', { record: '?' }, ['fault legacy legacy.record: /record is no record of phases']],
  ['what has begun stands as it did', { list: listOf(FROM), record: began(1) }, []],
  [
    'what has begun is another one',
    { list: listOf(FROM), record: began(0.5) },
    ['fault legacy legacy.phases: warn-1, which began at 2026-01-10T00:00:00.000Z, is another one'],
  ],
])('where %s', async (_, files, lines) => {
  expect(await check(files)).toEqual(lines.map((line) => expect.stringContaining(line)))
})
