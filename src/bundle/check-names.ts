import { PortolanError } from '../errors.ts'
import { type Descriptor, parseManifest } from '../oci/manifest.ts'
import type { BundleFault } from './bundle-fault.ts'
import type { BundleHead } from './bundle-head.ts'
import { BUNDLE_ENTRIES } from './form.ts'
import { repositoryOf } from './image-name.ts'

const LIST_MAX_BYTES = 64 * 1024 * 1024
const NAMES = ['io.containerd.image.name', 'org.opencontainers.image.ref.name']

/**
 * Compares what `bundle.json` says of images and repositories with itself and with `index.json`, by which other tools read
 * the bundle: a name has no digest that would tell.
 */
export function checkNames({ index, list }: Pick<BundleHead, 'index' | 'list'>): readonly BundleFault[] {
  const faults: BundleFault[] = []
  const add = (message: string) => faults.push({ parts: [], message })
  const known = new Map([...index.assumed, ...index.contents].map((each) => [each.digest, each]))
  const named = new Set(index.images.map(({ name, digest }) => `${name} ${digest}`))
  const repositories = new Set(index.images.map(({ name }) => repositoryOf(name)))
  for (const { name, digest, size, mediaType } of index.images) {
    const content = known.get(digest)
    if (content === undefined) add(`${name} is ${digest}, which is neither in the bundle nor counted on`)
    else if (content.size !== size || ('mediaType' in content && content.mediaType !== mediaType))
      add(`${name} is ${mediaType} of ${size} bytes, and ${digest} is something else`)
  }
  for (const { digest, repositories: each } of known.values())
    for (const name of each)
      if (!repositories.has(name)) add(`${digest} belongs to ${name}, of which there is no image`)
  try {
    const entries = parseManifest(list, BUNDLE_ENTRIES.index, LIST_MAX_BYTES)
    if (entries.kind !== 'index') add(`${BUNDLE_ENTRIES.index} is one image; expected an index`)
    else for (const entry of entries.manifests) checkEntry(entry)
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    add(error.message)
  }
  return faults

  function checkEntry({ digest, size, mediaType, annotations = {} }: Descriptor): void {
    const content = known.get(digest)
    if (content === undefined || content.size !== size)
      add(`${BUNDLE_ENTRIES.index} names ${digest} of ${size} bytes, which is not in the bundle`)
    else if ('mediaType' in content && content.mediaType !== mediaType)
      add(`${BUNDLE_ENTRIES.index} says that ${digest} is ${mediaType}; expected ${content.mediaType}`)
    for (const key of Object.keys(annotations)) {
      const name = annotations[key]
      const isKnown = NAMES.includes(key) && named.has(`${name} ${digest}`)
      if (!isKnown) add(`${BUNDLE_ENTRIES.index} says that ${digest} is ${JSON.stringify(name)}`)
    }
  }
}
