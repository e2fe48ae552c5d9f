import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ArchiveFiles } from '../../../src/storage/fs/archive-files.ts'
import { LayoutWriter } from '../../../src/storage/fs/layout-writer.ts'
import { readLayout } from '../../../src/storage/fs/read-layout.ts'
import { filesToTar, makeTar } from '../../support/tar.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { CONTENT } from './content.ts'
import { fillLayout } from './layout-place.ts'
import { describeReader } from './suite.ts'

describeReader('an image layout in a tar archive', async () => {
  const { path, [Symbol.asyncDispose]: dispose } = await makeTempFolder()
  const folder = join(path, 'layout')
  await fillLayout(new LayoutWriter(folder), CONTENT)
  const file = join(path, 'layout.tar')
  await writeFile(file, makeTar(await filesToTar(folder)))
  const { repositories } = await readLayout(await ArchiveFiles.open(file), undefined)
  return { reader: { repository: (name) => repositories.get(name) }, [Symbol.asyncDispose]: dispose }
})
