import { parseDigest } from '../oci/digest.ts'
import type { Tag } from '../oci/name.ts'
import type { Clock, CreateHash, Fetch } from '../runtime.ts'
import { type AskedFor, locationOf, questionOf, type RegistryAddress } from './address.ts'
import { createAsker } from './ask.ts'
import { fetchBlob } from './blob.ts'
import { fetchManifest, resolveManifest } from './manifest.ts'
import { listReferrers } from './referrers.ts'
import type { Registry } from './registry.ts'
import { listCatalog, listChildRepositories, listTags } from './repositories.ts'

export interface RegistryParts extends RegistryAddress {
  /** With what a registry needs around it; see {@link createRegistryFetch}. */
  readonly fetch: Fetch
  readonly clock: Clock
  readonly createHash: CreateHash
}

/** A registry over HTTP. */
export function createRegistry({ url, prefix, fetch, clock, createHash }: RegistryParts): Registry {
  const address: RegistryAddress = { url, prefix }
  const asker = createAsker(fetch, clock)
  const question = (request: AskedFor) => questionOf(address, request)
  return {
    location: locationOf(address),
    catalog: () => listCatalog(asker, address),
    childRepositories: () => listChildRepositories(asker, address),
    tags: (name) => listTags(asker, address, name),
    resolve(name, reference) {
      const asked = question({ kind: 'manifest', name, byDigest: false, reference })
      return resolveManifest(asker, asked, createHash)
    },
    manifest(name, reference) {
      // No tag holds a colon, so that what reads as a digest is one.
      const digest = parseDigest(reference)
      const asked = question(
        digest === undefined
          ? { kind: 'manifest', name, byDigest: false, reference: reference as Tag }
          : { kind: 'manifest', name, byDigest: true, reference: digest },
      )
      return fetchManifest(asker, asked, digest, createHash)
    },
    referrers: (name, digest) => listReferrers(asker, question({ kind: 'referrers', name, digest })),
    blob(name, digest, start = 0, signal) {
      const asked = question({ kind: 'blob', name, digest })
      return fetchBlob(asker, { ...asked, ...(signal && { signal }) }, start)
    },
  }
}
