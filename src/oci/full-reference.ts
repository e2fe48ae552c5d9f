import { parseName, parseTag } from './name.ts'
import { parseReference, type Reference } from './reference.ts'

/** A reference with nothing left out: it names a host, and a tag or a digest. */
export interface FullReference extends Reference {
  readonly host: string
}

const DOCKER_HUB = 'docker.io'
const DOCKER_HUB_ALIASES = ['index.docker.io', 'registry-1.docker.io']
const LATEST = parseTag('latest')!

/**
 * Reads a reference and fills it up as docker does: `alpine` is `docker.io/library/alpine:latest`. Throws
 * `REFERENCE_INVALID`, naming the part at fault.
 */
export function parseFullReference(text: string): FullReference {
  const { host = DOCKER_HUB, name, tag, digest } = parseReference(text)
  const registry = DOCKER_HUB_ALIASES.includes(host) ? DOCKER_HUB : host
  const whole = registry === DOCKER_HUB && !name.includes('/') ? parseName(`library/${name}`)! : name
  const wanted = tag ?? (digest === undefined ? LATEST : undefined)
  return { host: registry, name: whole, ...(wanted && { tag: wanted }), ...(digest && { digest }) }
}
