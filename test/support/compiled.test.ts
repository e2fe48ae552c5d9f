import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { boundCompiled } from './compiled.ts'
import { makeTempFolder } from './temp.ts'

it('throws away what is too much, and of no runtime else', async () => {
  await using folder = await makeTempFolder()
  for (const [runtime, files] of Object.entries({ node: 3, bun: 2 })) {
    await mkdir(join(folder.path, runtime))
    for (let n = 0; n < files; n++) await writeFile(join(folder.path, runtime, String(n)), '')
  }
  boundCompiled(folder.path, 2)
  expect(await readdir(folder.path)).toEqual(['bun'])
  boundCompiled(join(folder.path, 'missing'), 2)
})
