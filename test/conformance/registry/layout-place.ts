import { type ImageLayout, openImageLayout } from '../../../src/storage/fs/image-layout.ts'
import { LayoutWriter } from '../../../src/storage/fs/layout-writer.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { CONTENT } from './content.ts'

/** {@link CONTENT} as an image layout on disk. */
export async function makeLayout(): Promise<AsyncDisposable & { readonly layout: ImageLayout }> {
  const { path, [Symbol.asyncDispose]: dispose } = await makeTempFolder()
  await fillLayout(new LayoutWriter(path), CONTENT)
  const fail = (problem: Error) => {
    throw problem
  }
  const layout = await openImageLayout(path, { runtime: { now: () => 0 }, report: fail })
  return { layout, [Symbol.asyncDispose]: dispose }
}

/** Writes repositories into a layout. */
export async function fillLayout(writer: LayoutWriter, content: typeof CONTENT): Promise<void> {
  for (const { name, blobs, manifests, tags } of content) {
    for (const { mediaType, bytes } of [...blobs, ...manifests]) await writer.addBlob(mediaType, bytes)
    for (const [tag, manifest] of Object.entries(tags)) writer.enter(manifest, `${name}:${tag}`)
  }
  await writer.finish()
}
