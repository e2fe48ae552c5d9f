import { PortolanError } from '../errors.ts'
import { Semaphore } from '../internal/semaphore.ts'
import type { Digest } from '../oci/digest.ts'
import { parseManifest } from '../oci/manifest.ts'
import type { Name } from '../oci/name.ts'
import { isSchema1 } from '../oci/schema1.ts'
import type { CopiedImage } from '../replication/images/copy-report.ts'
import { readManifestContent } from '../replication/manifest-content.ts'
import { orFault } from '../replication/manifest-reader.ts'
import type { BundleContent } from './form.ts'
import type { ImportedImage } from './import-plan.ts'
import type { ImportWork } from './import-work.ts'

/** The bytes of a manifest of the bundle, right by its digest. */
export type ReadManifest = (content: BundleContent) => Promise<Uint8Array>

const REPOSITORIES_AT_ONCE = 8
/** A list of referrers as a registry without such lists has it (OCI distribution spec 1.1, "Referrers Tag Schema"). */
const FALLBACK_TAG = /^sha(?:256|512)-[a-f0-9]{64}$/

/**
 * Brings the manifests of a bundle to a target whose blobs are there: those that others name first, tags last. One that
 * lacks a part is not sent, and neither is what names it. Gives what became of each image.
 */
export async function importManifests(
  work: ImportWork,
  read: ReadManifest,
  onImage: (image: CopiedImage) => void,
): Promise<{ readonly images: readonly CopiedImage[]; readonly faults: readonly string[] }> {
  const { plan } = work
  const manifests = plan.index.contents.filter(({ mediaType }) => mediaType !== undefined)
  const byName = new Map<Name, BundleContent[]>()
  for (const content of manifests) {
    for (const name of plan.namesOf(content.repositories))
      byName.set(name, [...(byName.get(name) ?? []), content])
  }
  for (const { to } of plan.images) if (!byName.has(to.name)) byName.set(to.name, [])
  const images = new Map<ImportedImage, CopiedImage>()
  const shared = new Map(plan.index.contents.map((content) => [content.digest, content]))
  const faults = await new Semaphore(REPOSITORIES_AT_ONCE).map(byName, async ([name, contents]) => {
    const repository = new RepositoryImport(name, work, read, shared)
    for (const content of contents) await repository.put(content)
    for (const each of plan.images) {
      if (each.to.name !== name) continue
      const image = await repository.finish(each)
      images.set(each, image)
      onImage(image)
    }
    return repository.listReferrers()
  })
  return { images: plan.images.map((each) => images.get(each)!), faults: faults.flat() }
}

/** Manifests on their way into one repository. */
class RepositoryImport {
  readonly #name: Name
  readonly #work: ImportWork
  readonly #read: ReadManifest
  /** Of manifests with a subject: whether the registry has said that it lists them. */
  readonly #subjects = new Map<BundleContent, boolean | 'unknown'>()
  readonly #contents: ReadonlyMap<Digest, BundleContent>
  readonly #written = new Set<Digest>()
  readonly #failed: Digest[] = []

  constructor(
    name: Name,
    work: ImportWork,
    read: ReadManifest,
    contents: ReadonlyMap<Digest, BundleContent>,
  ) {
    this.#name = name
    this.#work = work
    this.#read = read
    this.#contents = contents
  }

  /** Brings one manifest under its digest; why it cannot be is noted. */
  async put(content: BundleContent): Promise<void> {
    const { digest } = content
    const { signal, places } = this.#work
    signal?.throwIfAborted()
    const failed = await orFault(async () => {
      const bytes = await this.#read(content)
      const lacking = this.#lackingOf(content, bytes)
      if (lacking !== undefined) throw new PortolanError('CONTENT_INVALID', lacking)
      await places.run(() => this.#send(content, bytes))
    })
    if (!(failed instanceof PortolanError)) return
    this.#work.fail(this.#name, digest, failed.message)
    this.#failed.push(digest)
  }

  async #send(content: BundleContent, bytes: Uint8Array): Promise<void> {
    const { digest, mediaType = '' } = content
    const repository = this.#work.at.target.repository(this.#name)
    const isAbout =
      !isSchema1(mediaType) && parseManifest(bytes, `${this.#name}@${digest}`).subject !== undefined
    if (await repository.hasManifest(digest)) {
      if (isAbout) this.#subjects.set(content, 'unknown')
      return
    }
    const { listsSubject } = await repository.putManifest(digest, { digest, mediaType, bytes })
    if (isAbout) this.#subjects.set(content, listsSubject)
    this.#written.add(digest)
    this.#work.tally.manifests++
  }

  /** What of a manifest is not there, with the reason. */
  #lackingOf({ digest, mediaType = '' }: BundleContent, bytes: Uint8Array): string | undefined {
    const named = readManifestContent({ mediaType, bytes }, `${this.#name}@${digest}`)
    if (named.mediaType !== mediaType)
      return `${digest} is said to be ${mediaType}, and is ${named.mediaType}`
    for (const part of [...named.manifests, ...named.blobs]) {
      const why = this.#work.failureOf(this.#name, part.digest)
      if (why !== undefined) return why.includes(part.digest) ? why : `${part.digest}: ${why}`
      const missing = this.#work.plan.index.missing.find((each) => each.digest === part.digest)
      if (missing !== undefined)
        return `the bundle lacks ${part.digest}, which is ${missing.why}: ${missing.message}`
    }
    return undefined
  }

  /** Gives an image its tag, if all of it is there. */
  async finish({ image, to }: ImportedImage): Promise<CopiedImage> {
    const { target } = this.#work.at
    const { name, digest } = image
    const reference = to.tag === undefined ? `@${digest}` : `:${to.tag}`
    const named = { source: name, target: `${target.location}/${to.name}${reference}`, digest }
    const done = await orFault(async () => {
      const why = this.#work.failureOf(this.#name, digest)
      if (why !== undefined) throw new PortolanError('CONTENT_INVALID', why)
      return to.tag === undefined ? this.#written.has(digest) : this.#tag(to.tag, digest)
    })
    if (done instanceof PortolanError) return { ...named, status: 'failed', faults: [done.message] }
    return { ...named, status: done ? 'copied' : 'there', faults: [] }
  }

  /** Gives whether anything had to be written. */
  async #tag(tag: NonNullable<ImportedImage['to']['tag']>, digest: Digest): Promise<boolean> {
    const repository = this.#work.at.target.repository(this.#name)
    const before = await repository.resolve(tag)
    if (before === digest) return this.#written.has(digest)
    // What others have put on such a list stays on it; ours are added one by one.
    if (before !== undefined && FALLBACK_TAG.test(tag)) return false
    const manifest = await this.#manifest(digest)
    await repository.putManifest(tag, manifest)
    return true
  }

  /** From the bundle, or, where it counts on the target for it, from there. */
  async #manifest(digest: Digest) {
    const content = this.#contents.get(digest)
    if (content?.mediaType !== undefined)
      return { digest, mediaType: content.mediaType, bytes: await this.#read(content) }
    const there = await this.#work.at.reader.repository(this.#name).manifest(digest)
    if (there === undefined) throw new PortolanError('CONTENT_INVALID', `${digest} is not there`, { digest })
    return there
  }

  /** Puts referrers on the lists of their subjects where the registry keeps none itself; gives what went wrong. */
  async listReferrers(): Promise<readonly string[]> {
    const faults: string[] = []
    for (const [content, isListed] of this.#subjects) {
      const failed = await orFault(() => this.#list(content, isListed))
      if (failed instanceof PortolanError) faults.push(`${this.#name}@${content.digest}: ${failed.message}`)
    }
    const roots = new Set(this.#work.plan.index.images.map(({ digest }) => digest))
    for (const digest of this.#failed) {
      // Of an image it is told with the image.
      if (!roots.has(digest))
        faults.push(`${this.#name}@${digest}: ${this.#work.failureOf(this.#name, digest)}`)
    }
    return faults
  }

  async #list(content: BundleContent, isListed: boolean | 'unknown'): Promise<void> {
    const { digest, size, mediaType = '' } = content
    const about = parseManifest(await this.#read(content), digest)
    const subject = about.subject!.digest
    const { reader, target } = this.#work.at
    const lists =
      isListed === 'unknown'
        ? (await reader.repository(this.#name).referrers(subject)) !== 'unsupported'
        : isListed
    if (lists) return
    const { artifactType, annotations } = about
    await target.repository(this.#name).listReferrer(subject, {
      ...{ mediaType, digest, size },
      ...(artifactType !== undefined && { artifactType }),
      ...(annotations && { annotations }),
    })
  }
}
