import { PortolanError } from '../errors.ts'
import { checkJsonBounds, JsonBoundsError } from '../internal/json-bounds.ts'
import { type Digest, parseDigest } from './digest.ts'

/** Media types of the OCI image spec 1.1 (media-types.md) and of Docker's image manifest V2, schema 2. */
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json'
export const OCI_LAYER_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip'
export const OCI_EMPTY = 'application/vnd.oci.empty.v1+json'
export const DOCKER_INDEX = 'application/vnd.docker.distribution.manifest.list.v2+json'
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
/** What to ask for with `Accept` to get any of them. */
export const MANIFEST_ACCEPT = [OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST].join(', ')

/** OCI distribution spec 1.1, "Pushing Manifests": the size that every registry must take, and most hold to. */
export const MANIFEST_MAX_BYTES = 4 * 1024 * 1024

/** What a manifest says about content that it names: type, digest, size in bytes. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Annotations
  /** For which machines the content is, in an index. */
  readonly platform?: Platform
  /** Where else the content may be had (OCI image spec 1.1, descriptor.md), as it stands there: any text. */
  readonly urls?: readonly string[]
}

export type Annotations = Readonly<Record<string, string>>

/** Operating system and processor, in Go's names, such as `linux` and `arm64`. */
export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
}

interface Common {
  readonly mediaType: string
  /** As a referrers list tells it: the manifest's own, else (not for an index) the media type of its config. */
  readonly artifactType?: string
  /** What this content is about, when it is a signature, an SBOM or another referrer. */
  readonly subject?: Descriptor
  readonly annotations?: Annotations
}

/** The manifest of one image or artifact. */
export interface Manifest extends Common {
  readonly kind: 'manifest'
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

/** A list of manifests: most often one image for several platforms. */
export interface Index extends Common {
  readonly kind: 'index'
  readonly manifests: readonly Descriptor[]
}

/** Whether content of this media type is an index (Docker: manifest list). */
export function isIndex(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_INDEX
}

/** Whether content of this media type is the manifest of one image or artifact. */
export function isManifest(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST
}

/** The content that a manifest is made of, in order: config and layers, or manifests. Its subject is not part of it. */
export function descriptorsOf(manifest: Manifest | Index): readonly Descriptor[] {
  return manifest.kind === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers]
}

/**
 * Reads a manifest or an index; fields that it does not know are left out. `source` names it in errors: a file, a URL.
 *
 * Throws `CONTENT_INVALID`, naming the path of the field at fault and its value.
 */
export function parseManifest(
  bytes: Uint8Array,
  source: string,
  maxBytes: number = MANIFEST_MAX_BYTES,
): Manifest | Index {
  const top: Field = { source, path: '', value: parseJson(bytes, source, maxBytes) }
  const document = object(top)
  const mediaType = optional(top, 'mediaType', string)
  // Content that one client reads as an index and another as an image is an attack (CVE-2021-41190), as is a media
  // type that says one thing and a shape that says the other.
  const looksLikeIndex = present(document.manifests)
  if (looksLikeIndex && (present(document.layers) || present(document.config))) {
    throw invalid(child(top, 'manifests'), 'nothing, since there is "config" or "layers" too')
  }
  const known = mediaType === undefined || isIndex(mediaType) || isManifest(mediaType)
  if (!known) throw invalid(child(top, 'mediaType'), 'an OCI or Docker schema 2 manifest or index')

  const artifactType = optional(top, 'artifactType', string) || undefined
  const subject = optional(top, 'subject', descriptor)
  const annotations = optional(top, 'annotations', stringMap)
  const common = { ...(subject && { subject }), ...(annotations && { annotations }) }
  if (mediaType === undefined ? looksLikeIndex : isIndex(mediaType)) {
    return {
      kind: 'index',
      mediaType: mediaType ?? OCI_INDEX,
      ...(artifactType && { artifactType }),
      ...common,
      manifests: list(child(top, 'manifests'), descriptor),
    }
  }
  const config = descriptor(child(top, 'config'))
  return {
    kind: 'manifest',
    mediaType: mediaType ?? OCI_MANIFEST,
    artifactType: artifactType ?? config.mediaType,
    ...common,
    config,
    layers: list(child(top, 'layers'), descriptor),
  }
}

/** A value, and where it stands: what an error needs to name it. */
interface Field {
  readonly source: string
  readonly path: string
  readonly value: unknown
}

function parseJson(bytes: Uint8Array, source: string, maxBytes: number): unknown {
  if (bytes.length > maxBytes) {
    throw invalid({ source, path: '', value: bytes.length }, `at most ${maxBytes} bytes`)
  }
  try {
    checkJsonBounds(bytes, { values: Math.ceil(maxBytes / BYTES_PER_VALUE) })
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (error) {
    if (error instanceof JsonBoundsError) {
      const message = `${source} is refused: ${error.message}`
      throw new PortolanError('CONTENT_INVALID', message, { source, path: '' }, error)
    }
    throw invalid({ source, path: '', value: undefined }, 'JSON in UTF-8', error)
  }
}

function descriptor(field: Field): Descriptor {
  const artifactType = optional(field, 'artifactType', string)
  const annotations = optional(field, 'annotations', stringMap)
  const platform = optional(field, 'platform', platformOf)
  const urls = urlsOf(child(field, 'urls').value)
  return {
    mediaType: string(child(field, 'mediaType')),
    digest: digest(child(field, 'digest')),
    size: size(child(field, 'size')),
    ...(artifactType && { artifactType }),
    ...(annotations && { annotations }),
    ...(platform && { platform }),
    ...(urls && { urls }),
  }
}

const URLS_MAX = 16
const URL_LENGTH_MAX = 2048

/** Hardly anybody reads them, so that what cannot be one spoils nothing. */
function urlsOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined
  const urls = value.filter((url): url is string => typeof url === 'string' && url.length <= URL_LENGTH_MAX)
  return urls.length === 0 ? undefined : urls.slice(0, URLS_MAX)
}

function platformOf(field: Field): Platform {
  const variant = optional(field, 'variant', string)
  return {
    os: string(child(field, 'os')),
    architecture: string(child(field, 'architecture')),
    ...(variant && { variant }),
  }
}

function digest(field: Field): Digest {
  const parsed = parseDigest(string(field))
  if (parsed === undefined) throw invalid(field, 'a digest, such as sha256: and 64 hexadecimal digits')
  return parsed
}

function size(field: Field): number {
  if (!Number.isSafeInteger(field.value) || (field.value as number) < 0) {
    throw invalid(field, 'a number of bytes, 0 or more')
  }
  return field.value as number
}

function stringMap(field: Field): Annotations {
  const map = object(field)
  for (const key of Object.keys(map)) string(child(field, key))
  return map as Annotations
}

function string(field: Field): string {
  if (typeof field.value !== 'string') throw invalid(field, 'a string')
  return field.value
}

/** Go writes an empty slice as `null`, and much of what lies in registries was written by Go. */
function list<T>(field: Field, read: (field: Field) => T): readonly T[] {
  if (field.value === null) return []
  if (!Array.isArray(field.value)) throw invalid(field, 'a list')
  return field.value.map((value, index) => read({ ...field, path: `${field.path}[${index}]`, value }))
}

function optional<T>(field: Field, key: string, read: (field: Field) => T): T | undefined {
  const found = child(field, key)
  return present(found.value) ? read(found) : undefined
}

function child(field: Field, key: string): Field {
  const { [key]: value } = object(field)
  return { source: field.source, path: field.path === '' ? key : `${field.path}.${key}`, value }
}

function object(field: Field): Readonly<Record<string, unknown>> {
  const { value } = field
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(field, 'an object')
  return value as Record<string, unknown>
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** On average in a manifest of the longest length: a descriptor has four values in more than a hundred bytes. */
const BYTES_PER_VALUE = 32

/** How much of a bad value an error repeats. */
const ECHO_MAX = 128

function invalid({ source, path, value }: Field, expected: string, cause?: unknown): PortolanError {
  const what = path === '' ? source : `${source}: ${path}`
  const shown = show(value)
  const message =
    cause === undefined ? `${what} is ${shown}; expected ${expected}` : `${what} is not ${expected}`
  return new PortolanError('CONTENT_INVALID', message, { source, path, value: shown }, cause)
}

function show(value: unknown): string {
  if (value === undefined) return 'missing'
  // Not written out: hostile content nests deeper than JSON.stringify can go.
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  const text = JSON.stringify(value)
  return text.length <= ECHO_MAX ? text : `${text.slice(0, ECHO_MAX)}…`
}
