import { PortolanError } from '../errors.ts'
import type { Digest } from './digest.ts'
import { parseFullReference } from './full-reference.ts'
import type { Name, Tag } from './name.ts'
import { formatReference } from './reference.ts'

/** An image that a list names, by what is asked for. */
export interface ListedImage {
  /** The host of its registry, such as `docker.io`. */
  readonly registry: string
  readonly name: Name
  /** The digest where there is one beside a tag, since that is what clients then pull by. */
  readonly reference: Tag | Digest
  /** The whole reference, with what was left out. */
  readonly text: string
  /** The reference as the list has it: a tag beside a digest is in it. */
  readonly written: string
}

/** A line of a list that names no image. */
export interface ListFault {
  /** From 1. */
  readonly line: number
  readonly message: string
}

/** What a list says. */
export interface ImageList {
  /** Each once, in their order. */
  readonly images: readonly ListedImage[]
  readonly faults: readonly ListFault[]
}

/** What a list may name at most. */
export const LISTED_MAX = 50_000
/** As many faults are told. */
const FAULTS_MAX = 100

/**
 * Reads a list of images: one reference a line, where what is behind `#` is a comment, or the JSON that a tool prints: a
 * list of references, an object with such a list as `images` (what `portolan images --json` gives is one), or what
 * `portolan scan --json` gives, of which the names are taken that references are to have. Names are filled up as docker
 * does: `alpine` is `docker.io/library/alpine:latest`.
 */
export function parseImageList(text: string): ImageList {
  const plain = text.replace(/^\uFEFF/, '')
  const lines = /^\s*[[{]/.test(plain) ? linesOfJson(plain) : linesOfText(plain)
  const images = new Map<string, ListedImage>()
  const faults: ListFault[] = []
  for (const { line, value, message } of lines) {
    const read = message === undefined ? readImage(value) : { message }
    if ('message' in read) faults.push({ line, message: read.message })
    else if (images.size < LISTED_MAX) images.set(read.text, read)
    else {
      faults.push({ line, message: `what is behind the first ${LISTED_MAX} images is left out` })
      break
    }
    if (faults.length >= FAULTS_MAX) break
  }
  return { images: [...images.values()], faults }
}

interface Line extends Partial<ListFault> {
  readonly line: number
  readonly value: string
}

function* linesOfText(text: string): Iterable<Line> {
  let line = 0
  for (const written of text.split(/\r?\n/)) {
    line++
    const value = written.replace(/(^|\s)#.*$/, '').trim()
    if (value !== '') yield { line, value }
  }
}

function* linesOfJson(text: string): Iterable<Line> {
  for (const value of valuesOfJson(text)) {
    if (typeof value === 'string') yield { line: 1, value }
    else yield { line: 1, value: '', message: 'it is JSON, but no list of references that is known' }
  }
}

/** Gives anything that is no text where it cannot be read. */
function valuesOfJson(text: string): readonly unknown[] {
  try {
    const read: unknown = JSON.parse(text)
    if (Array.isArray(read)) return read.map(referenceOf)
    const { images, findings, cluster }: Record<string, unknown> = Object(read)
    const { images: pulled }: { images?: unknown } = Object(cluster)
    const listed = images ?? pulled
    if (Array.isArray(listed)) return listed.map(referenceOf)
    return Array.isArray(findings) ? findings.map(nameOfFinding).filter((one) => !isHost(one)) : [undefined]
  } catch {
    return [undefined]
  }
}

/** An entry may say more of an image than its reference. */
function referenceOf(entry: unknown): unknown {
  const { reference = entry }: { reference?: unknown } = Object(entry)
  return reference
}

function nameOfFinding(finding: unknown): unknown {
  const { replacement, written }: { replacement?: unknown; written?: unknown } = Object(finding)
  return replacement ?? written
}

/** What sets a registry for kubeadm and the like names no image. */
function isHost(value: unknown): boolean {
  return typeof value === 'string' && !value.includes('/')
}

function readImage(value: string): ListedImage | { readonly message: string } {
  try {
    const { host, name, tag, digest } = parseFullReference(value)
    const reference = digest ?? tag!
    const text = formatReference({ host, name, ...(digest === undefined ? { tag: tag! } : { digest }) })
    return { registry: host, name, reference, text, written: value }
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    return { message: error.message }
  }
}
