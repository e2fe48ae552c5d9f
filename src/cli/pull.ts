import { createHash } from 'node:crypto'
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
import { parseTag, type Tag } from '../oci/name.ts'
import { formatPath, type OciRequest } from '../oci/path.ts'
import type { Reference } from '../oci/reference.ts'
import { matchesDigest } from '../oci/verify.ts'
import type { Explanation } from '../routing/explanation.ts'
import { readBody } from '../transport/read-body.ts'
import { type PullSource, reasonOf } from './pull-source.ts'

/** One request of a pull: why it goes where it goes, and what it gets there. */
export interface PullStep {
  /** Such as `tag 1.0` or `layer of linux/amd64`. */
  readonly what: string
  readonly explanation: Explanation
  /** What the place that the client is sent to answered to this machine. */
  readonly answer: PullAnswer
}

export interface PullAnswer {
  /** Absent when nothing answered. */
  readonly status?: number
  /** Whether the pull goes on; a missing signature does not stop it. */
  readonly works: boolean
  readonly note?: string
}

/** An index may name any number of manifests; a pull that is explained ends here. */
const MAX_REQUESTS = 1000

/**
 * Follows a pull request by request, as the door would lead a client: tag, index, manifests, their content, and what
 * hangs on the image. Everything is asked for once. `platform` leaves the manifests for others out.
 *
 * Throws `UNREACHABLE` after the step at which the image's manifest could not be had, and `USAGE` when no manifest is
 * for the platform.
 */
export async function* walkPull(
  { name, tag, digest }: Reference,
  source: PullSource,
  platform?: Platform,
): AsyncGenerator<PullStep> {
  const asked = new Set<string>()

  interface Got {
    readonly digest: Digest
    readonly manifest: Manifest | Index
  }

  /** Asks for a manifest and reads it. */
  async function* manifestStep(
    what: string,
    reference: Tag | Digest,
  ): AsyncGenerator<PullStep, Got | undefined> {
    const wanted = parseDigest(reference)
    const request: OciRequest =
      wanted === undefined
        ? { kind: 'manifest', name, byDigest: false, reference: reference as Tag }
        : { kind: 'manifest', name, byDigest: true, reference: wanted }
    const explanation = await ask(request)
    let got: Got | undefined
    const answer = await tried(explanation, 'GET', async (reply) => {
      const bytes = await readBody(reply, MANIFEST_MAX_BYTES)
      if (bytes === undefined) return `a manifest of more than ${MANIFEST_MAX_BYTES} bytes`
      const stated = wanted ?? parseDigest(reply.headers.get('docker-content-digest') ?? '')
      if (stated !== undefined && !(await matchesDigest(bytes, stated))) return `bytes that are not ${stated}`
      const found = stated ?? parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`)!
      got = { digest: found, manifest: parseManifest(bytes, explanation.target) }
      return undefined
    })
    yield { what, explanation, answer }
    return got
  }

  async function* blobStep(what: string, { digest, size }: Descriptor): AsyncGenerator<PullStep> {
    const explanation = await ask({ kind: 'blob', name, digest })
    const answer = await tried(explanation, 'HEAD', async (reply) => {
      const length = reply.headers.get('content-length')
      return length === null || Number(length) === size
        ? undefined
        : `${length} bytes; the manifest says ${size}`
    })
    yield { what: `${what}, ${size} bytes`, explanation, answer }
  }

  async function ask(request: OciRequest): Promise<Explanation> {
    const target = formatPath(request)
    asked.add(target)
    return source.explain(target)
  }

  /** `check` gives what is wrong with a reply of 2xx. */
  async function tried(
    explanation: Explanation,
    method: 'GET' | 'HEAD',
    check: (reply: Response) => Promise<string | undefined>,
  ): Promise<PullAnswer> {
    if (explanation.decision.kind === 'refuse') return { works: false, note: 'the door refuses' }
    try {
      const reply = await source.send(method, explanation)
      const { status } = reply
      if (!reply.ok) {
        await reply.body?.cancel()
        return { status, works: false }
      }
      const wrong = await check(reply)
      return { status, works: wrong === undefined, ...(wrong !== undefined && { note: wrong }) }
    } catch (error) {
      return { works: false, note: reasonOf(error) }
    }
  }

  /** The content of a manifest, and of those in it. */
  async function* contentSteps(manifest: Manifest | Index, of: string): AsyncGenerator<PullStep> {
    for (const descriptor of descriptorsOf(manifest)) {
      if (asked.size >= MAX_REQUESTS) return
      const isBlob = !isIndex(descriptor.mediaType) && !isManifest(descriptor.mediaType)
      const request: OciRequest = isBlob
        ? { kind: 'blob', name, digest: descriptor.digest }
        : { kind: 'manifest', name, byDigest: true, reference: descriptor.digest }
      if (asked.has(formatPath(request))) continue
      if (isBlob) {
        const isConfig = manifest.kind === 'manifest' && descriptor === manifest.config
        yield* blobStep(`${isConfig ? 'config' : 'layer'}${of}`, descriptor)
        continue
      }
      const own = descriptor.platform ? ` of ${formatPlatform(descriptor.platform)}` : ''
      const inner = yield* manifestStep(`manifest${own}`, descriptor.digest)
      if (inner !== undefined) yield* contentSteps(inner.manifest, own)
    }
  }

  const top =
    digest === undefined
      ? yield* manifestStep(`tag ${tag ?? 'latest'}`, tag ?? parseTag('latest')!)
      : yield* manifestStep('manifest by digest', digest)
  if (top === undefined) {
    throw new PortolanError(
      'UNREACHABLE',
      `the manifest of ${name} cannot be had where the door sends this client`,
    )
  }
  if (digest === undefined) {
    // Most clients ask what the tag means first, and then for the manifest by its digest.
    yield* manifestStep(top.manifest.kind === 'index' ? 'index by digest' : 'manifest by digest', top.digest)
  }
  yield* contentSteps(forPlatform(top.manifest, platform), '')

  const signature = yield* optional(
    'no signature',
    manifestStep('signature', parseTag(`${top.digest.replace(':', '-')}.sig`)!),
  )
  if (signature !== undefined) {
    yield* manifestStep('manifest of the signature', signature.digest)
    if (signature.manifest.kind === 'manifest') {
      for (const layer of signature.manifest.layers) yield* blobStep('payload of the signature', layer)
    }
  }
  const explanation = await ask({ kind: 'referrers', name, digest: top.digest })
  const answer = await tried(explanation, 'GET', async (reply) => {
    await reply.body?.cancel()
    return undefined
  })
  yield { what: 'referrers', explanation, answer: forgiven(answer, 'no list of referrers') }
}

/** Steps of which a 404 says that there is nothing, and no more. */
async function* optional<T>(absent: string, steps: AsyncGenerator<PullStep, T>): AsyncGenerator<PullStep, T> {
  for (;;) {
    const next = await steps.next()
    if (next.done) return next.value
    yield { ...next.value, answer: forgiven(next.value.answer, absent) }
  }
}

function forgiven(answer: PullAnswer, absent: string): PullAnswer {
  return answer.status === 404 ? { status: 404, works: true, note: absent } : answer
}

function forPlatform(manifest: Manifest | Index, wanted: Platform | undefined): Manifest | Index {
  if (wanted === undefined || manifest.kind === 'manifest') return manifest
  const manifests = manifest.manifests.filter(
    ({ platform }) =>
      platform?.os === wanted.os &&
      platform.architecture === wanted.architecture &&
      (wanted.variant === undefined || platform.variant === wanted.variant),
  )
  if (manifests.length > 0) return { ...manifest, manifests }
  const there = manifest.manifests.flatMap(({ platform }) => (platform ? [formatPlatform(platform)] : []))
  throw new PortolanError(
    'USAGE',
    `there is none for ${formatPlatform(wanted)}; there are ${there.join(', ')}`,
  )
}

/** Reads `OS/ARCHITECTURE[/VARIANT]`; `undefined` when it is not of that form. */
export function parsePlatform(text: string): Platform | undefined {
  const [os = '', architecture = '', variant, ...more] = text.split('/')
  if (os === '' || architecture === '' || variant === '' || more.length > 0) return undefined
  return { os, architecture, ...(variant !== undefined && { variant }) }
}

function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/')
}
