import type { Digest } from '../../oci/digest.ts'
import type { ListedImage } from '../../oci/image-list.ts'
import type { Descriptor } from '../../oci/manifest.ts'
import type { Tag } from '../../oci/name.ts'
import type { FetchedManifest } from '../../registry/reader.ts'

/** A repository of one of a mirror's registries. */
export type PinnedRepository = Pick<ListedImage, 'registry' | 'name'>

/** A mirror, as it is asked by itself: what it has, and what it fetches, for nobody in particular. */
export interface PinSource {
  /** Whether it answers for a registry at all. */
  knows(registry: string): boolean
  /** The same manifest that a client is given; `undefined` when the registry has none. Rejects with the reason. */
  manifest(repository: PinnedRepository, reference: Tag | Digest): Promise<FetchedManifest | undefined>
  /** Sees to it that a blob is kept, and resolves when it is. Rejects with the reason. */
  keep(repository: PinnedRepository, blob: Descriptor): Promise<void>
  /** All that is known to belong to an image by what was learnt before, without asking anybody; empty for nothing. */
  recall(repository: PinnedRepository, reference: Tag | Digest): Iterable<Digest>
}
