import { type Digest, parseDigest } from '../oci/digest.ts'
import type { Name, Tag } from '../oci/name.ts'
import type { Runtime } from '../runtime.ts'
import { type AddressGuard, createAddressGuard } from '../transport/address-guard.ts'
import { locationOf, questionOf, type RegistryAddress } from './address.ts'
import { type Asker, createAsker } from './ask.ts'
import { isThere } from './is-there.ts'
import { MANIFEST_HEADERS } from './manifest.ts'
import { pushBlob } from './push-blob.ts'
import { pushManifest } from './push-manifest.ts'
import { createRegistryFetch, type RegistryFetchOptions } from './transport.ts'
import type { RegistryWriter, RepositoryWriter } from './writer.ts'

/** What is pushed again when no answer comes: storing the same content twice changes nothing. */
const REPEATED = ['GET', 'HEAD', 'POST', 'PATCH', 'PUT']

/** A registry reads a blob once more before it answers, which may take long. */
const IDLE_TIMEOUT = 300_000

/** A registry over HTTP, as it is pushed to. */
export function openHttpWriter(
  runtime: Runtime,
  options: RegistryFetchOptions & RegistryAddress,
): RegistryWriter {
  const { url, prefix } = options
  const address: RegistryAddress = { url, prefix }
  const asker = createAsker(
    runtime,
    createRegistryFetch(runtime, { idleTimeout: IDLE_TIMEOUT, ...options, repeated: REPEATED }),
  )
  const guard = createAddressGuard(runtime)
  return {
    location: locationOf(address),
    repository: (name) => openRepository(runtime, { asker, guard, address, name }),
  }
}

interface RepositoryParts {
  readonly asker: Asker
  readonly guard: AddressGuard
  readonly address: RegistryAddress
  readonly name: Name
}

function openRepository(
  runtime: Runtime,
  { asker, guard, address, name }: RepositoryParts,
): RepositoryWriter {
  const full = address.prefix === '' ? name : `${address.prefix}/${name}`
  const uploads = `${address.url}/v2/${full}/blobs/uploads/`
  const hasManifest = (reference: Digest) => {
    const question = questionOf(address, { kind: 'manifest', name, byDigest: true, reference })
    return isThere(asker, { ...question, headers: MANIFEST_HEADERS })
  }
  const within = (other: Name) => (address.prefix === '' ? other : (`${address.prefix}/${other}` as Name))
  return {
    location: locationOf(address),
    takesLent: true,
    hasBlob: (digest) => isThere(asker, questionOf(address, { kind: 'blob', name, digest })),
    hasManifest,
    putBlob(blob, options = {}) {
      const question = questionOf(address, { kind: 'blob', name, digest: blob.digest })
      const { from } = options
      const mounted = { ...options, ...(from !== undefined && { from: within(from) }) }
      return pushBlob({ runtime, asker, guard, question, uploads }, blob, mounted)
    },
    putManifest(reference, manifest) {
      const digest = parseDigest(reference)
      const question = questionOf(
        address,
        digest === undefined
          ? { kind: 'manifest', name, byDigest: false, reference: reference as Tag }
          : { kind: 'manifest', name, byDigest: true, reference: digest },
      )
      return pushManifest(asker, question, manifest, () => hasManifest(manifest.digest))
    },
  }
}
