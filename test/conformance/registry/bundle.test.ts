import { createHash } from '../../../src/adapters/hash.ts'
import { openBundleFolder } from '../../../src/adapters/node/open-bundle-folder.ts'
import { bundleRegistry } from '../../../src/bundle/bundle-registry.ts'
import { makeBundle } from '../../support/bundles.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { CONTENT, type Piece } from './content.ts'
import { describeReader } from './suite.ts'

describeReader('a bundle in parts', async () => {
  const { path, [Symbol.asyncDispose]: dispose } = await makeTempFolder()
  const images = CONTENT.flatMap(({ name, blobs, manifests, tags }) =>
    Object.entries(tags).map(([tag, image]) => ({
      name: `registry.test/${name}:${tag}`,
      manifests: [...manifests.filter((each) => each !== image), image].map(contentOf),
      blobs: blobs.map(contentOf),
    })),
  )
  await (await makeBundle(images, { partSize: 1024 * 1024 - 1 })).write(path)
  const reader = bundleRegistry({ createHash }, await openBundleFolder(path))
  return { reader, [Symbol.asyncDispose]: dispose }
})

function contentOf({ digest, bytes, mediaType }: Piece) {
  return { digest, bytes, type: mediaType }
}
