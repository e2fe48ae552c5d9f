import { parseDigest } from '../oci/digest.ts'
import type { Name, Tag } from '../oci/name.ts'
import type { Fetch, Runtime } from '../runtime.ts'
import { Distances } from '../transport/distance.ts'
import { type AskedFor, locationOf, questionOf, type RegistryAddress } from './address.ts'
import { type Asker, createAsker } from './ask.ts'
import { statBlob } from './blob.ts'
import { openElsewhere } from './elsewhere.ts'
import { FarBlobs } from './far-blobs.ts'
import { fetchManifest, resolveManifest } from './manifest.ts'
import type { Registry, RepositoryReader } from './reader.ts'
import { listReferrers } from './referrers.ts'
import { listCatalog, listChildRepositories, listTags } from './repositories.ts'
import { TagLookup } from './tag-lookup.ts'
import { createRegistryFetch, type RegistryFetchOptions } from './transport.ts'

export interface HttpRegistryOptions extends RegistryFetchOptions, RegistryAddress {
  /** Nothing more is asked of the registry once it is aborted. */
  readonly signal?: AbortSignal
}

/** A registry over HTTP, as it is pulled from. */
export function openHttpRegistry(runtime: Runtime, options: HttpRegistryOptions): Registry {
  const { url, prefix, signal } = options
  const address: RegistryAddress = { url, prefix }
  const distances = new Distances()
  const fetch = createRegistryFetch(runtime, { ...options, distances })
  const asker = createAsker(runtime, untilStopped(fetch, signal))
  const shared: Shared = {
    tags: new TagLookup(asker, runtime),
    blobs: new FarBlobs(asker, new URL(url).host, distances, options.limits),
  }
  return {
    location: locationOf(address),
    catalog: (list) => listCatalog(asker, address, list),
    childRepositories: (list) => listChildRepositories(asker, address, list),
    elsewhere: (url) => openElsewhere(runtime, asker, address, url),
    repository: (name) => openRepository(runtime, asker, shared, address, name),
  }
}

/** What all repositories of a registry teach each other. */
interface Shared {
  readonly tags: TagLookup
  readonly blobs: FarBlobs
}

function openRepository(
  runtime: Runtime,
  asker: Asker,
  { tags, blobs }: Shared,
  address: RegistryAddress,
  name: Name,
): RepositoryReader {
  const question = (request: AskedFor) => questionOf(address, request)
  return {
    location: locationOf(address),
    tags: (list) => listTags(asker, address, name, list),
    resolve(reference, options) {
      const asked = question({ kind: 'manifest', name, byDigest: false, reference })
      if (options !== undefined) return tags.resolve(asked, options)
      return resolveManifest(asker, asked, runtime)
    },
    manifest(reference) {
      // No tag holds a colon, so that what reads as a digest is one.
      const digest = parseDigest(reference)
      const asked = question(
        digest === undefined
          ? { kind: 'manifest', name, byDigest: false, reference: reference as Tag }
          : { kind: 'manifest', name, byDigest: true, reference: digest },
      )
      return fetchManifest(asker, asked, digest, runtime)
    },
    referrers: (digest) => listReferrers(asker, question({ kind: 'referrers', name, digest })),
    stat: (digest) => statBlob(asker, question({ kind: 'blob', name, digest })),
    blob(digest, part = {}) {
      const asked = question({ kind: 'blob', name, digest })
      const { signal, lend } = part
      return blobs.open({ ...asked, ...(signal && { signal }), ...(lend && { lend }) }, part)
    },
  }
}

function untilStopped(fetch: Fetch, stop: AbortSignal | undefined): Fetch {
  if (stop === undefined) return fetch
  return (url, init) =>
    fetch(url, { ...init, signal: init.signal ? AbortSignal.any([stop, init.signal]) : stop })
}
