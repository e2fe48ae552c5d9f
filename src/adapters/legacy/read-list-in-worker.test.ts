import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTempFolder, type TempFolder } from '../../../test/support/temp.ts'
import type { LegacyList } from '../../legacy/legacy-list.ts'
import { inPieces } from '../../legacy/list-pieces.ts'
import { formatLegacyList } from '../../legacy/read-list.ts'
import { readListInWorker } from './read-list-in-worker.ts'

let folder: TempFolder
beforeAll(async () => {
  folder = await makeTempFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

const fileOf = (name: string) => join(folder.path, name)

test('a list is read in another thread as in this one', async () => {
  const tags = Object.fromEntries(
    Array.from({ length: 9000 }, (_, at) => [`v${at}`, `sha256:${'a'.repeat(64)}`]),
  )
  const list = {
    ...{ version: 1, host: 'old.example', listedFrom: 'x', successor: 'new.example' },
    ...{ listed: '2026-11-20T08:00:00.000Z', checked: '2026-11-27T08:00:00.000Z' },
    counts: {
      ...{ repositories: 2, tags: 9000, manifests: 4, blobs: 5, referrers: 1 },
      ...{ missing: 1, different: 0, unknown: 0, excepted: 2 },
    },
    findings: [],
    repositories: { constructor: { tags: {} }, app: { tags } },
  } as LegacyList
  await writeFile(fileOf('list'), formatLegacyList(list))
  expect(await readListInWorker(fileOf('list'))).toEqual(inPieces(list))
})

test('there may be none', async () => {
  expect(await readListInWorker(fileOf('none'))).toBeUndefined()
})

test('what it says wrong is told apart from what cannot be read', async () => {
  await writeFile(fileOf('wrong'), '{"version":2}')
  await expect(readListInWorker(fileOf('wrong'))).rejects.toMatchObject({
    code: 'CONTENT_INVALID',
    message: expect.stringMatching(/^is no list of an old name: /),
  })
  await mkdir(fileOf('folder'))
  const error: unknown = await readListInWorker(fileOf('folder')).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ message: 'it is not a regular file' })
  expect(error).not.toHaveProperty('code')
})
