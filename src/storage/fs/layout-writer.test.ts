import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeTempFolder, type TempFolder } from '../../../test/support/temp.ts'
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../oci/manifest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import { openImageLayout } from './image-layout.ts'
import { LayoutWriter } from './layout-writer.ts'

let temp: TempFolder
let folder: string
beforeEach(async () => {
  temp = await makeTempFolder()
  folder = temp.path
})
afterEach(() => temp[Symbol.asyncDispose]())

test('writes what the reader of layouts finds: images by name, referrers without one', async () => {
  const writer = new LayoutWriter(join(folder, 'new'))
  const layer = await writer.addBlob(OCI_LAYER_GZIP, Buffer.from('layer'))
  const config = await writer.addJson(OCI_CONFIG, { architecture: 'amd64', os: 'linux' })
  const image = await writer.addManifest(config, [layer])
  const index = await writer.addIndex([image])
  const extras = { artifactType: 'text/x-note', subject: index, annotations: { a: 'b' } }
  const note = await writer.addManifest(config, [], extras)
  writer.enter(index, 'team/app:1.0')
  writer.enter(note)
  await writer.finish({ title: 'of a test' })

  const warnings: unknown[] = []
  const layout = await openImageLayout(join(folder, 'new'), {
    runtime: { now: () => 0 },
    report: (problem) => warnings.push(problem),
  })
  expect([warnings, layout.names()]).toEqual([[], ['team/app']])
  const app = (await layout.repository('team/app' as Name))!
  expect(await app.resolve('1.0' as Tag)).toEqual({ digest: index.digest })
  expect((await app.manifest(index.digest))?.mediaType).toBe(OCI_INDEX)
  expect((await app.manifest(image.digest))?.mediaType).toBe(OCI_MANIFEST)
  expect(await app.referrers(index.digest)).toEqual([
    {
      mediaType: OCI_MANIFEST,
      digest: note.digest,
      size: note.size,
      artifactType: 'text/x-note',
      annotations: { a: 'b' },
    },
  ])
  expect(await new Response((await app.blob(layer.digest))!.body).text()).toBe('layer')
  expect(JSON.parse(await readFile(join(folder, 'new', 'index.json'), 'utf8')).annotations).toEqual({
    title: 'of a test',
  })
})

test('is no layout before it is finished', async () => {
  const writer = new LayoutWriter(folder)
  writer.enter(await writer.addManifest(await writer.addJson(OCI_CONFIG, {}), []), 'app:1.0')
  const opened = openImageLayout(folder, { runtime: { now: () => 0 }, report: () => {} })
  await expect(opened).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
})

test('names the folder that cannot be written', async () => {
  await writeFile(join(folder, 'file'), '')
  const writer = new LayoutWriter(join(folder, 'file'))
  await expect(writer.addBlob(OCI_CONFIG, Buffer.from('x'))).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    message: expect.stringContaining(join(folder, 'file', 'blobs')),
  })
})
