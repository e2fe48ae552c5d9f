import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { openSpool } from '../../../src/storage/fs/spool.ts'
import { createMemorySpool } from '../../../src/storage/memory/memory-spool.ts'
import { makeTempFolder, type TempFolder } from '../../support/temp.ts'
import { describeSpool } from './suite.ts'

let folder: TempFolder
let files = 0
beforeAll(async () => {
  folder = await makeTempFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

describeSpool('a spool in memory', async () => createMemorySpool())
describeSpool('a spool in a file', () => openSpool(join(folder.path, String(files++)), async () => {}))
