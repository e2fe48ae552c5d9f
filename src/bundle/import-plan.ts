import { PortolanError } from '../errors.ts'
import type { Name, Tag } from '../oci/name.ts'
import { mapName, type NameMapping } from '../replication/images/name-map.ts'
import type { BundleImage, BundleIndex } from './form.ts'
import { readImageName } from './image-name.ts'

/** Where the repositories of a bundle go. */
export interface ImportNaming {
  /** Below which path of the target; empty for none. */
  readonly prefix: string
  readonly mappings: readonly NameMapping[]
}

/** An image of a bundle, and what it is called at the target. */
export interface ImportedImage {
  readonly image: BundleImage
  readonly to: { readonly name: Name; readonly tag?: Tag | undefined }
}

/** What an import is to do, by the index alone. */
export interface ImportPlan {
  readonly index: BundleIndex
  readonly images: readonly ImportedImage[]
  /** The names at the target of some repositories of the bundle, each once. */
  namesOf(repositories: readonly string[]): readonly Name[]
}

/** Says what everything in a bundle is called at a target. Throws `USAGE` where two images would have one name. */
export function planImport(index: BundleIndex, { prefix, mappings }: ImportNaming): ImportPlan {
  const names = new Map<string, Name>()
  const nameOf = (repository: string) => {
    const before = names.get(repository)
    if (before !== undefined) return before
    const { host, name } = readImageName(repository)
    const mapped = mapName(host, name, prefix, mappings)
    names.set(repository, mapped)
    return mapped
  }
  const images = index.images.map((image): ImportedImage => {
    const { repository, tag } = readImageName(image.name)
    return { image, to: { name: nameOf(repository), tag } }
  })
  checkDistinct(images)
  return { index, images, namesOf: (repositories) => [...new Set(repositories.map(nameOf))] }
}

function checkDistinct(images: readonly ImportedImage[]): void {
  const taken = new Map<string, BundleImage>()
  for (const { image, to } of images) {
    if (to.tag === undefined) continue
    const name = `${to.name}:${to.tag}`
    const other = taken.get(name) ?? image
    if (other.digest !== image.digest) {
      const message = `${other.name} and ${image.name} would both become ${name}: give one of them another name with --map`
      throw new PortolanError('USAGE', message, { name })
    }
    taken.set(name, image)
  }
}
