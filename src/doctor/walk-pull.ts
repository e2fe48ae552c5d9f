import { PortolanError } from '../errors.ts'
import { type Digest, parseDigest } from '../oci/digest.ts'
import {
  type Descriptor,
  descriptorsOf,
  type Index,
  isIndex,
  isManifest,
  MANIFEST_MAX_BYTES,
  type Manifest,
  type Platform,
  parseManifest,
} from '../oci/manifest.ts'
import { type Name, parseTag, type Tag } from '../oci/name.ts'
import { formatPath, type OciRequest } from '../oci/path.ts'
import { formatPlatform, matchesPlatform } from '../oci/platform.ts'
import type { Reference } from '../oci/reference.ts'
import { matchesDigest } from '../oci/verify.ts'
import type { Runtime } from '../runtime.ts'
import { readBody } from '../transport/read-body.ts'
import { reasonOf } from '../transport/reason.ts'
import { nearTags } from './near-tags.ts'
import type { ExplainedRequest, PullSource } from './pull-source.ts'
import { forgiven, optionalSteps, type PullAnswer, type PullStep } from './pull-step.ts'

/** An index may name any number of manifests; a pull that is explained ends here. */
const MAX_REQUESTS = 1000
const NOT_TRIED: PullAnswer = { works: true, note: 'not tried: offline' }
/** A digest that nothing has. */
const ANY_BLOB: Descriptor = {
  mediaType: 'application/octet-stream',
  digest: parseDigest(`sha256:${'0'.repeat(64)}`)!,
  size: 0,
}
/** How much of a blob is asked for. */
const FIRST_BYTES = 1024

/** What is lent to a walk. */
export type WalkRuntime = Pick<Runtime, 'createHash'>

/**
 * Follows a pull request by request, as the door would lead a client: tag, index, manifests, their content, and what
 * hangs on the image. Everything is asked for once. `platform` leaves the manifests for others out, `alone` what hangs on
 * the image, which runtimes do not ask for.
 *
 * Throws `UNREACHABLE` after the step at which the image's manifest could not be had, and `USAGE` when no manifest is
 * for the platform.
 */
export async function* walkPull<Explained extends ExplainedRequest>(
  { host, name, tag, digest }: Reference,
  source: PullSource<Explained>,
  runtime: WalkRuntime,
  platform?: Platform,
  alone = false,
): AsyncGenerator<PullStep<Explained>> {
  const pull = new Pull(name, source, runtime, namespaceOf(host, name, source))
  const top =
    digest === undefined
      ? yield* pull.manifest(`tag ${tag ?? 'latest'}`, tag ?? parseTag('latest')!)
      : yield* pull.manifest('manifest by digest', digest)
  if (top === undefined && source.offline) {
    // What the image is made of is not known; where its blobs would be looked for is.
    yield* pull.blob('any blob', ANY_BLOB)
    return
  }
  if (top === undefined) {
    const near = digest === undefined ? await pull.nearTags(tag ?? 'latest') : []
    const but = near.length === 0 ? '' : `; there is no tag ${tag ?? 'latest'}, but ${near.join(', ')}`
    throw new PortolanError(
      'UNREACHABLE',
      `the manifest of ${name} cannot be had where the door sends this client${but}`,
    )
  }
  if (digest === undefined) {
    // Most clients ask what the tag means first, and then for the manifest by its digest.
    yield* pull.manifest(top.manifest.kind === 'index' ? 'index by digest' : 'manifest by digest', top.digest)
  }
  yield* pull.content(forPlatform(top.manifest, platform), '')
  if (alone) return
  yield* pull.signature(top.digest)
  yield await pull.referrers(top.digest)
}

/**
 * As containerd says it to a mirror. A host that is none of its registries is said too, which the mirror then refuses as
 * it would a client; but not where the name begins with a registry, for then it is the mirror's own.
 */
function namespaceOf(
  host: string | undefined,
  name: Name,
  { registries = [] }: Pick<PullSource<never>, 'registries'>,
): string {
  if (host === undefined) return ''
  const isForeign = registries.length > 1 && !registries.includes(name.split('/', 1)[0]!)
  return registries.includes(host) || isForeign ? `?ns=${encodeURIComponent(host)}` : ''
}

interface Got {
  readonly digest: Digest
  readonly manifest: Manifest | Index
}

/** One pull of an image: the steps that it is made of. */
class Pull<Explained extends ExplainedRequest> {
  readonly #name: Name
  readonly #source: PullSource<Explained>
  readonly #runtime: WalkRuntime
  /** What says in a query which registry is meant; empty where there is only one. */
  readonly #namespace: string
  readonly #asked = new Set<string>()

  constructor(name: Name, source: PullSource<Explained>, runtime: WalkRuntime, namespace: string) {
    this.#name = name
    this.#source = source
    this.#runtime = runtime
    this.#namespace = namespace
  }

  /** Asks for a manifest and reads it. */
  async *manifest(
    what: string,
    reference: Tag | Digest,
  ): AsyncGenerator<PullStep<Explained>, Got | undefined> {
    const wanted = parseDigest(reference)
    const explanation = await this.#ask(
      wanted === undefined
        ? { kind: 'manifest', name: this.#name, byDigest: false, reference: reference as Tag }
        : { kind: 'manifest', name: this.#name, byDigest: true, reference: wanted },
    )
    let got: Got | undefined
    const answer = await this.#try(explanation, undefined, async (reply) => {
      const read = await this.#readManifest(reply, wanted, explanation.target)
      if (typeof read === 'string') return read
      got = read
      return undefined
    })
    yield { what, explanation, answer }
    return got
  }

  /** Tags that whoever wrote this one may have meant; none where it is there, or where there is no list. */
  async nearTags(tag: string): Promise<readonly string[]> {
    try {
      const explanation = await this.#ask({ kind: 'tags', name: this.#name })
      const reply = await this.#source.get(explanation)
      const bytes = await readBody(reply, MANIFEST_MAX_BYTES)
      return reply.ok && bytes !== undefined ? nearTags(tag, bytes) : []
    } catch {
      // It is only a hint.
      return []
    }
  }

  async *blob(what: string, { digest, size }: Descriptor): AsyncGenerator<PullStep<Explained>> {
    const explanation = await this.#ask({ kind: 'blob', name: this.#name, digest })
    // Stores that answer HEAD and refuse GET are known. What is empty has no first bytes.
    const range = size === 0 ? undefined : `bytes=0-${Math.min(size, FIRST_BYTES) - 1}`
    const answer = await this.#try(explanation, range, async (reply) => {
      await reply.body?.cancel()
      const length = lengthOf(reply)
      return length === undefined || length === size
        ? undefined
        : `${length} bytes; the manifest says ${size}`
    })
    yield { what: digest === ANY_BLOB.digest ? what : `${what}, ${size} bytes`, explanation, answer }
  }

  /** The content of a manifest, and of those in it. */
  async *content(manifest: Manifest | Index, of: string): AsyncGenerator<PullStep<Explained>> {
    for (const descriptor of descriptorsOf(manifest)) {
      if (this.#asked.size >= MAX_REQUESTS) return
      const isBlob = !isIndex(descriptor.mediaType) && !isManifest(descriptor.mediaType)
      if (this.#wasAsked(descriptor.digest, isBlob)) continue
      if (isBlob) {
        const isConfig = manifest.kind === 'manifest' && descriptor === manifest.config
        yield* this.blob(`${isConfig ? 'config' : 'layer'}${of}`, descriptor)
        continue
      }
      const own = descriptor.platform ? ` of ${formatPlatform(descriptor.platform)}` : ''
      const inner = yield* this.manifest(`manifest${own}`, descriptor.digest)
      if (inner !== undefined) yield* this.content(inner.manifest, own)
    }
  }

  /** By the tag that cosign gives it. */
  async *signature(of: Digest): AsyncGenerator<PullStep<Explained>> {
    const tag = parseTag(`${of.replace(':', '-')}.sig`)!
    const signature = yield* optionalSteps('no signature', this.manifest('signature', tag))
    if (signature === undefined) return
    yield* this.manifest('manifest of the signature', signature.digest)
    if (signature.manifest.kind !== 'manifest') return
    for (const payload of signature.manifest.layers) yield* this.blob('payload of the signature', payload)
  }

  async referrers(of: Digest): Promise<PullStep<Explained>> {
    const explanation = await this.#ask({ kind: 'referrers', name: this.#name, digest: of })
    const answer = await this.#try(explanation, undefined, async (reply) => {
      await reply.body?.cancel()
      return undefined
    })
    return { what: 'referrers', explanation, answer: forgiven(answer, 'no list of referrers') }
  }

  #ask(request: OciRequest): Promise<Explained> {
    const target = formatPath(request) + this.#namespace
    this.#asked.add(target)
    return this.#source.explain(target)
  }

  #wasAsked(digest: Digest, isBlob: boolean): boolean {
    const name = this.#name
    const request: OciRequest = isBlob
      ? { kind: 'blob', name, digest }
      : { kind: 'manifest', name, byDigest: true, reference: digest }
    return this.#asked.has(formatPath(request) + this.#namespace)
  }

  /** A manifest, or what is wrong with the reply. */
  async #readManifest(reply: Response, wanted: Digest | undefined, target: string): Promise<Got | string> {
    const bytes = await readBody(reply, MANIFEST_MAX_BYTES)
    if (bytes === undefined) return `a manifest of more than ${MANIFEST_MAX_BYTES} bytes`
    const stated = wanted ?? parseDigest(reply.headers.get('docker-content-digest') ?? '')
    if (stated !== undefined && !(await matchesDigest(bytes, stated))) return `bytes that are not ${stated}`
    return { digest: stated ?? this.#digestOf(bytes), manifest: parseManifest(bytes, target) }
  }

  #digestOf(bytes: Uint8Array): Digest {
    const hash = this.#runtime.createHash('sha256')
    hash.update(bytes)
    return parseDigest(`sha256:${hash.hex()}`)!
  }

  /** `check` gives what is wrong with a reply of 2xx. */
  async #try(
    explanation: Explained,
    range: string | undefined,
    check: (reply: Response) => Promise<string | undefined>,
  ): Promise<PullAnswer> {
    if (explanation.decision.kind === 'refuse') return { works: false, note: 'the door refuses' }
    if (this.#source.offline && ['redirect', 'relay'].includes(explanation.decision.kind)) return NOT_TRIED
    const tried = range === undefined ? 'GET' : `GET ${range}`
    try {
      const reply = await this.#source.get(explanation, range)
      const { status } = reply
      if (!reply.ok) {
        await reply.body?.cancel()
        return { tried, status, works: false }
      }
      const wrong = await check(reply)
      return { tried, status, works: wrong === undefined, ...(wrong !== undefined && { note: wrong }) }
    } catch (error) {
      return { tried, works: false, note: reasonOf(error) }
    }
  }
}

/** How long a blob is, by an answer with the whole of it or with a part. */
function lengthOf({ status, headers }: Response): number | undefined {
  const text = status === 206 ? headers.get('Content-Range')?.split('/')[1] : headers.get('Content-Length')
  return text === null || text === undefined || text === '*' ? undefined : Number(text)
}

function forPlatform(manifest: Manifest | Index, wanted: Platform | undefined): Manifest | Index {
  if (wanted === undefined || manifest.kind === 'manifest') return manifest
  const manifests = manifest.manifests.filter(
    ({ platform }) => platform !== undefined && matchesPlatform(wanted, platform),
  )
  if (manifests.length > 0) return { ...manifest, manifests }
  const there = manifest.manifests.flatMap(({ platform }) => (platform ? [formatPlatform(platform)] : []))
  throw new PortolanError(
    'USAGE',
    `there is none for ${formatPlatform(wanted)}; there are ${there.join(', ')}`,
  )
}
