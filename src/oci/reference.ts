import { PortolanError } from '../errors.ts'
import { type Digest, parseDigest } from './digest.ts'
import { type Name, parseName, parseTag, type Tag } from './name.ts'

/** An image reference as people write it: `HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]`, the host left out by some. */
export interface Reference {
  /** Lower-cased host with its port, such as `registry.k8s.io`; absent where the text names none. */
  readonly host?: string
  readonly name: Name
  readonly tag?: Tag
  readonly digest?: Digest
}

const HOST =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/

/**
 * Reads an image reference. The first component is the host when it holds a dot, a colon or an upper-case letter, or
 * is `localhost`: the rule by which every container tool tells `host/name` from `org/name`.
 *
 * Throws `REFERENCE_INVALID`, naming the part at fault.
 */
export function parseReference(text: string): Reference {
  const [scheme] = /^[a-z+-]+:\/\//i.exec(text) ?? []
  if (scheme !== undefined) {
    throw new PortolanError(
      'REFERENCE_INVALID',
      `${JSON.stringify(text)} is not an image reference: it begins with "${scheme}"; expected HOST/REPOSITORY[:TAG][@DIGEST]`,
      { reference: text, part: 'scheme', value: scheme },
    )
  }
  const slash = text.indexOf('/')
  const first = slash < 0 ? '' : text.slice(0, slash)
  const hasHost = first === 'localhost' || /[.:A-Z[]/.test(first)
  const host = first.toLowerCase()
  if (hasHost && !HOST.test(host)) throw invalid(text, 'host', first)
  let rest = hasHost ? text.slice(slash + 1) : text

  const at = rest.indexOf('@')
  const digest = at < 0 ? undefined : parseDigest(rest.slice(at + 1))
  if (at >= 0 && digest === undefined) throw invalid(text, 'digest', rest.slice(at + 1))
  if (at >= 0) rest = rest.slice(0, at)

  const colon = rest.indexOf(':')
  const tag = colon < 0 ? undefined : parseTag(rest.slice(colon + 1))
  if (colon >= 0 && tag === undefined) throw invalid(text, 'tag', rest.slice(colon + 1))
  if (colon >= 0) rest = rest.slice(0, colon)

  const name = parseName(rest)
  if (name === undefined) throw invalid(text, 'repository name', rest)
  return { ...(hasHost && { host }), name, ...(tag && { tag }), ...(digest && { digest }) }
}

/** Writes a reference, the inverse of {@link parseReference}. */
export function formatReference({ host, name, tag, digest }: Reference): string {
  return `${host === undefined ? '' : `${host}/`}${name}${tag === undefined ? '' : `:${tag}`}${
    digest === undefined ? '' : `@${digest}`
  }`
}

function invalid(reference: string, part: string, value: string): PortolanError {
  return new PortolanError(
    'REFERENCE_INVALID',
    `${JSON.stringify(reference)} is not an image reference: its ${part} ${JSON.stringify(value)} is malformed; ` +
      'expected HOST/REPOSITORY[:TAG][@DIGEST]',
    { reference, part, value },
  )
}
