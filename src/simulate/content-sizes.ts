import type { Inventory } from '../inventory/inventory.ts'
import type { OciRequest } from '../oci/path.ts'
import type { LoggedRequest } from './logs/logged-request.ts'

/** What contents are taken to weigh that neither the log nor an inventory knows, in bytes. */
export interface EstimatedSizes {
  readonly blob: number
  /** Manifests, lists of tags and the like. */
  readonly other: number
}

/**
 * Five petabytes a month in 60 million requests a day (kubernetes/k8s.io issue 9843, kubernetes/registry.k8s.io issue 67)
 * are 2.8 MB a request; where not half of them are for blobs, that is 6 MiB a blob.
 */
export const USUAL_SIZES: EstimatedSizes = { blob: 6 * 1024 ** 2, other: 4096 }

/** Bytes, and whether anybody knows that they are so many. */
export interface ContentSize {
  readonly bytes: number
  readonly estimated: boolean
}

const NOTHING: ContentSize = { bytes: 0, estimated: false }

/** How many bytes a request makes whoever answers it send. */
export class ContentSizes {
  readonly #inventories: readonly Inventory[]
  readonly #blob: ContentSize
  readonly #other: ContentSize

  constructor(inventories: readonly Inventory[], { blob, other }: EstimatedSizes) {
    this.#inventories = inventories
    this.#blob = { bytes: blob, estimated: true }
    this.#other = { bytes: other, estimated: true }
  }

  /** By what the log says, else by what any inventory says of the content, else as it is taken to be. */
  of(logged: LoggedRequest, request: OciRequest): ContentSize {
    if (logged.method === 'HEAD' || request.kind === 'base' || request.kind === 'catalog') return NOTHING
    if (logged.bytes !== undefined && !logged.isEstimate) return { bytes: logged.bytes, estimated: false }
    const listed = this.#listed(request)
    if (listed !== undefined) return { bytes: listed, estimated: false }
    if (logged.bytes !== undefined) return { bytes: logged.bytes, estimated: true }
    return request.kind === 'blob' ? this.#blob : this.#other
  }

  #listed(request: OciRequest): number | undefined {
    for (const inventory of this.#inventories) {
      const size = listedSize(inventory, request)
      if (size !== undefined) return size
    }
    return undefined
  }
}

/** Bytes of a content as an inventory has it; `undefined` where it does not list it. */
export function listedSize(inventory: Inventory, request: OciRequest): number | undefined {
  if (request.kind === 'blob') return inventory.blob(request.digest)
  if (request.kind === 'manifest' && request.byDigest) return inventory.manifest(request.reference)?.size
  return undefined
}
