import type { SignBytes } from '../backends/ownership/ownership-key.ts'
import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import type { RepositoryReader } from '../registry/reader.ts'
import type { Runtime } from '../runtime.ts'
import type { ExportedImage } from './collect.ts'
import type { BundleIndex } from './form.ts'
import { repositoryName } from './image-name.ts'
import { type LaidOut, layOut } from './lay-out.ts'
import { type PlanOptions, planBundle, refuseNothing } from './plan-bundle.ts'
import { readBegun } from './read-begun.ts'
import { type BundleStream, writeContents } from './write-bundle.ts'

export interface ExportOptions extends Omit<PlanOptions, 'onManifest'> {
  /** Signs the index. */
  readonly sign?: SignBytes | undefined
  /** Told what is going to be written, once it is known, and where it goes on. */
  readonly onPlan: (index: BundleIndex, from: number) => void | Promise<void>
  /** Told of bytes as they come. */
  readonly onBytes: (bytes: number) => void
}

/** What an export came to. */
export interface Exported {
  readonly index: BundleIndex
  /** Bytes that an earlier run had written. */
  readonly resumedFrom: number
}

type ExportRuntime = Pick<Runtime, 'after' | 'now' | 'random' | 'createHash'>

/** Manifests that are kept from the planning until they are written; others are read again. */
const AT_HAND_BYTES = 32 * 1024 * 1024

/** Finds out what a bundle of these images would be, and writes nothing. */
export async function planExport(
  images: readonly ExportedImage[],
  options: ExportOptions,
): Promise<BundleIndex> {
  return (await newBundle(images, options, () => {})).index
}

/**
 * Writes images as a bundle to a stream, or goes on where an earlier run was ended: what it had found out stands at the
 * beginning of the stream, so that the result is the same to the byte. Rejects as {@link writeContents} does, and with
 * `CONTENT_INVALID` when something else stands there.
 */
export async function exportBundle(
  runtime: ExportRuntime,
  stream: BundleStream,
  images: readonly ExportedImage[],
  options: ExportOptions,
): Promise<Exported> {
  const { onPlan, onBytes, signal } = options
  const atHand = new Map<Digest, Uint8Array<ArrayBuffer>>()
  let index = await readBegun(stream, 'what is there already')
  const resumedFrom = index === undefined ? 0 : stream.length
  if (index === undefined) {
    const made = await newBundle(images, options, keepSome(atHand))
    index = made.index
    await onPlan(index, 0)
    await stream.truncate(0)
    await stream.append(made.head)
  } else {
    if (stream.length > index.length)
      throw new PortolanError(
        'CONTENT_INVALID',
        `what is there already has ${stream.length} bytes; its index says ${index.length}`,
      )
    await onPlan(index, resumedFrom)
  }
  const readers = readersOf(images)
  await writeContents(runtime, stream, index, {
    sources: (repository) => readers.get(repository) ?? [],
    atHand: (digest) => atHand.get(digest),
    ...{ signal, onBytes },
  })
  return { index, resumedFrom }
}

async function newBundle(
  images: readonly ExportedImage[],
  options: ExportOptions,
  onManifest: PlanOptions['onManifest'],
): Promise<LaidOut> {
  const plan = await planBundle(images, { ...options, onManifest })
  refuseNothing(plan)
  return layOut(plan, options.sign)
}

/** Keeps the manifests that are read, the first ones, up to a bound. */
export function keepSome(kept: Map<Digest, Uint8Array<ArrayBuffer>>): PlanOptions['onManifest'] {
  let left = AT_HAND_BYTES
  return (digest, bytes) => {
    if (bytes.length > left || kept.has(digest)) return
    left -= bytes.length
    kept.set(digest, bytes)
  }
}

/** By repository of the bundle: whoever its contents are had from. */
export function readersOf(images: readonly ExportedImage[]): Map<string, RepositoryReader[]> {
  const byRepository = Map.groupBy(images, ({ host, name }) => repositoryName(host, name))
  return new Map(
    [...byRepository].map(([repository, group]) => {
      const sources = [...new Set(group.map(({ source }) => source))]
      return [repository, sources.map((source) => source.repository(group[0]!.name))]
    }),
  )
}
