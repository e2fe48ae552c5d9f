import { MemoryRegistry } from '../../support/memory-registry.ts'
import { CONTENT } from './content.ts'
import { describeReader } from './suite.ts'

describeReader('memory', async () => {
  const reader = new MemoryRegistry()
  for (const { name, blobs, manifests, tags } of CONTENT) {
    for (const { mediaType, bytes } of blobs) reader.addBlob(name, new Uint8Array(bytes), mediaType)
    for (const { mediaType, bytes } of manifests)
      reader.addManifest(name, JSON.parse(bytes.toString()), mediaType)
    for (const [tag, manifest] of Object.entries(tags)) reader.tag(name, tag, manifest)
  }
  return { reader, async [Symbol.asyncDispose]() {} }
})
