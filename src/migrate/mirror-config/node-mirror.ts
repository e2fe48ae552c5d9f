import type { SemVer } from 'semver'
import type { RegistryConfig } from '../../config/config.ts'

/** A mirror as machines reach it. */
export interface NodeMirror {
  readonly scheme: 'http' | 'https'
  /** Its host name with the port, where that is not the scheme's own. */
  readonly authority: string
  /** Those of its config that references can name. */
  readonly registries: readonly MirroredRegistry[]
  /** The certificate of the authority by which machines know it, in PEM; absent where they do anyway. */
  readonly authorityCertificate?: string
  /** Whether it asks its clients for a name and a password. */
  readonly asksForPassword: boolean
  /** Whether it asks its clients for certificates. */
  readonly asksForCertificate: boolean
}

/** A registry that a mirror answers for. */
export type MirroredRegistry = Pick<RegistryConfig, 'host' | 'path' | 'names'>

/** What is asked of a tool that is to pull through a mirror. */
export interface MirrorRequest {
  readonly mirror: NodeMirror
  /** The version of the tool, if it is known. */
  readonly version?: SemVer
  /** Whether the registry itself is never to be asked, not even when the mirror does not answer. */
  readonly noFallback?: boolean
}

/** Stands for what only the operator knows. */
export const USER = 'USER'
export const PASSWORD = 'PASSWORD'

/** The mirror's URL, without a slash at the end. */
export function originOf({ scheme, authority }: NodeMirror): string {
  return `${scheme}://${authority}`
}

/**
 * How the mirror is named in front of a repository by clients that say nothing else of the registry they mean;
 * `undefined` where a mirror of several cannot tell: a port cannot stand in a path, so `path` or `names` has to.
 */
export function prefixOf(mirror: NodeMirror, { path, names }: MirroredRegistry): string | undefined {
  if (path !== undefined) return `${mirror.authority}/${path}`
  if (names[0] !== undefined) return authorityUnder(mirror, names[0])
  return mirror.registries.length === 1 ? mirror.authority : undefined
}

/** The registries that clients can name by a prefix, and what has to be known of the others. */
export function prefixesOf(mirror: NodeMirror): {
  readonly prefixes: readonly { readonly host: string; readonly prefix: string }[]
  readonly notes: readonly string[]
} {
  const all = mirror.registries.map((registry) => ({
    host: registry.host,
    prefix: prefixOf(mirror, registry),
  }))
  const lost = all.filter(({ prefix }) => prefix === undefined).map(({ host }) => host)
  return {
    prefixes: all.flatMap(({ host, prefix }) => (prefix === undefined ? [] : [{ host, prefix }])),
    notes:
      lost.length === 0
        ? []
        : [
            `nothing is set for ${lost.join(', ')}: registries[].path in the mirror's config has to name what stands for it`,
          ],
  }
}

/** The mirror by a host name that stands for one registry, with the same port. */
export function authorityUnder({ authority }: NodeMirror, name: string): string {
  const [port = ''] = /:[0-9]+$/.exec(authority) ?? []
  return `${name}${port}`
}

/** What has to be known of a mirror for any tool. */
export function mirrorNotes({ mirror, noFallback = false }: MirrorRequest): string[] {
  const host = mirror.authority.replace(/:[0-9]+$/, '').replace(/^\[|\]$/g, '')
  return [
    noFallback
      ? 'only the mirror is asked: what it cannot give, or while it is down, is not pulled'
      : 'the registry itself is asked when the mirror does not answer or cannot give it; --no-fallback sets it otherwise',
    ...(/^(?:localhost|127\.[0-9.]+|::1)$/.test(host)
      ? [`${host} is each machine itself: give --mirror the name by which machines reach it`]
      : []),
    ...(mirror.asksForPassword
      ? [`put a name and a password of the mirror where ${USER} and ${PASSWORD} stand`]
      : []),
    ...(mirror.asksForPassword && mirror.scheme === 'http'
      ? ['the password goes over the network as it is: give the mirror a certificate']
      : []),
  ]
}

/** A note where a tool cannot do what the mirror asks for. */
export function cannotAuthenticate(mirror: NodeMirror, tool: string): string[] {
  return mirror.asksForPassword
    ? [`${tool} gives no password to a mirror: let the mirror ask for certificates instead, or for nothing`]
    : []
}
