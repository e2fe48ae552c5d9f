import type { UpstreamConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { parseManifest } from '../oci/manifest.ts'
import { type Name, parseTag, type Tag } from '../oci/name.ts'
import { openHttpRegistry } from '../registry/http-registry.ts'
import type { Registry, RepositoryReader } from '../registry/reader.ts'
import type { Fetch, Runtime } from '../runtime.ts'
import { parseChallenges } from '../transport/challenge.ts'
import type { Credentials } from '../transport/credential.ts'
import { reasonOf } from '../transport/reason.ts'
import { withTimeout } from '../transport/timeout.ts'
import { type Caller, type Need, need } from './needed-hosts.ts'

/** What is pulled to see where an upstream sends its clients. */
export interface TriedImage {
  readonly name: Name
  readonly reference: Tag | Digest
}

/** The hosts that an upstream leads to, and what could not be found out. */
export interface UpstreamHosts {
  readonly needs: readonly Need[]
  readonly problem?: string
}

/** For the first word of an upstream, in milliseconds. */
const TIMEOUT = 10_000
const LIMITS = { concurrency: 2, requestsPerSecond: 10 }
/** Images in images: an index of indexes is none that people make. */
const DEPTH_MAX = 3

/**
 * Asks an upstream as a client that pulls one small blob of an image, anonymously unless there is a login: which host gives
 * it a token, and where its blobs really are. Without an image only the first can be found out. Never rejects for what goes wrong there.
 */
export async function askUpstream(
  { id, url, prefix, tokenServices }: UpstreamConfig & { readonly url: string },
  image: TriedImage | undefined,
  runtime: Runtime,
  credentials: Credentials = async () => undefined,
): Promise<UpstreamHosts> {
  const needs: Need[] = []
  const recorded = recording(runtime.fetch, (asked, reply) => {
    needs.push(...leadsTo(id, asked, reply))
  })
  try {
    const base = await withTimeout(TIMEOUT, runtime)(recorded)(`${url}/v2/`, { redirect: 'manual' })
    await base.body?.cancel()
    if (image === undefined)
      return { needs, problem: `upstream ${id}: no image is known of it; name one with --image` }
    const registry = openHttpRegistry(
      { ...runtime, fetch: recorded },
      { url, prefix, tokenServices, limits: LIMITS, attempts: 1, credentials },
    )
    return { needs, ...(await pullOne(registry, image, id)) }
  } catch (error) {
    const why = error instanceof PortolanError ? error.message : reasonOf(error)
    return { needs, problem: `upstream ${id}: ${why}` }
  }
}

async function pullOne(registry: Registry, { name, reference }: TriedImage, id: string) {
  const repository = registry.repository(name)
  const digest = await configOf(repository, reference, DEPTH_MAX)
  const opened = digest && (await repository.blob(digest))
  await opened?.body.cancel()
  return opened === undefined ? { problem: `upstream ${id} has no ${name}:${reference}` } : {}
}

/** The smallest blob that every image has. */
async function configOf(
  repository: RepositoryReader,
  reference: Tag | Digest,
  depth: number,
): Promise<Digest | undefined> {
  const found = await repository.manifest(reference)
  if (found === undefined) return undefined
  const manifest = parseManifest(found.bytes, String(reference))
  if (manifest.kind === 'manifest') return (manifest.config ?? manifest.layers[0])?.digest
  const [first] = manifest.manifests
  return first === undefined || depth === 0 ? undefined : configOf(repository, first.digest, depth - 1)
}

function recording(fetch: Fetch, note: (url: string, reply: Response) => void): Fetch {
  return async (url, init) => {
    const reply = await fetch(url, init)
    note(url, reply)
    return reply
  }
}

/** Where a reply sends a client: to a token service, or to wherever the blob is. */
function leadsTo(id: string, asked: string, { status, headers }: Response): Need[] {
  const from: Caller[] = ['clients', 'sync']
  const location = URL.parse(headers.get('Location') ?? '', asked)
  if (status >= 300 && status < 400 && location !== null && headers.has('Location')) {
    return [need(location.href, from, `upstream ${id} sends clients there`)]
  }
  if (status !== 401) return []
  return parseChallenges(headers.get('WWW-Authenticate') ?? '').flatMap(({ parameters }) => {
    const realm = URL.parse(parameters.get('realm') ?? '')
    return realm === null ? [] : [need(realm.href, from, `upstream ${id}: tokens, also for who is nobody`)]
  })
}

/** The tag of an image that is named without one. */
export const LATEST = parseTag('latest')!
