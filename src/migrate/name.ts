import { parseReference, type Reference } from '../oci/reference.ts'
import type { Found } from './found.ts'
import { dnsPath } from './kubeadm-dns.ts'
import { joinPath } from './prefix-match.ts'

/** What a found reference names. */
export interface Name {
  /** Host in lower case and repository; a host alone, or with the beginning of a path, where no repository is named. */
  readonly path: string
  readonly tag?: string
  readonly digest?: string
  /** The whole of it, as understood. */
  readonly text: string
  /** It names a registry, or the beginning of a path. */
  readonly isBare: boolean
}

/** The parts of a reference as they are written, put together. */
export function writtenOf({ whole, registry, repository, tag, digest }: Found['parts']): string {
  if (whole !== undefined) return whole.value
  const path = joinPath(registry?.value.replace(/\/$/, '') ?? '', repository?.value ?? '')
  // A tag beside a registry alone is that of what a tool pulls from there.
  if (repository === undefined) return path
  return path + (tag === undefined ? '' : `:${tag.value}`) + (digest === undefined ? '' : `@${digest.value}`)
}

/** What a found reference names; `undefined` for what is none by the grammar, or names no host. */
export function nameOf({ parts, dns }: Found): Name | undefined {
  const { registry, repository } = parts
  const isBare = parts.whole === undefined && repository === undefined
  const written = writtenOf(parts).replace(/^(?:docker|oci|docker-image|container-image):\/\//, '')
  // A registry alone is asked for with something under it, since alone it might be a repository.
  const reference = referenceOf(isBare ? `${written}/x` : written)
  if (reference?.host === undefined || (isBare && registry === undefined)) return undefined
  const { host, name, tag, digest } = reference
  if (isBare) {
    const text = written.toLowerCase()
    const path = dns?.isOwn ? (dnsPath(text, dns, parts.tag?.value) ?? text) : text
    return { path, ...(parts.tag && { tag: parts.tag.value }), text, isBare }
  }
  const path = `${host}/${name}`
  const text = path + (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`)
  return { path, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }), text, isBare }
}

function referenceOf(text: string): Reference | undefined {
  try {
    return parseReference(text)
  } catch {
    return undefined
  }
}
