import { PortolanError } from '../../errors.ts'
import { type Name, parseName } from '../../oci/name.ts'

/** Where repositories go: those below the front `from`, which is a host and what may follow it, to below `to`. */
export interface NameMapping {
  /** Such as `registry.k8s.io` or `docker.io/library`. */
  readonly from: string
  /** Without slashes at the ends; empty for nothing. */
  readonly to: string
}

/** Reads `FROM=TO`, such as `docker.io/library=hub`. Throws `USAGE`. */
export function parseMapping(text: string): NameMapping {
  const at = text.indexOf('=')
  const [from, to] = [text.slice(0, at).replace(/\/$/, ''), text.slice(at + 1)]
  if (at > 0 && from !== '' && (to === '' || parseName(to) !== undefined)) return { from, to }
  const message = `${JSON.stringify(text)} says nothing of names: expected FROM=TO, such as docker.io/library=hub`
  throw new PortolanError('USAGE', message, { value: text })
}

/** Whether a mapping is about a repository. */
export function mapsName({ from }: NameMapping, host: string, name: Name): boolean {
  return `${host}/${name}/`.startsWith(`${from}/`)
}

/**
 * The name of a repository below `prefix` at a target: by the mapping with the longest front, else its own name without
 * its host. Throws `USAGE` when that is no name.
 */
export function mapName(host: string, name: Name, prefix: string, mappings: readonly NameMapping[]): Name {
  const whole = `${host}/${name}`
  const [longest] = mappings
    .filter((mapping) => mapsName(mapping, host, name))
    .sort((one, other) => other.from.length - one.from.length)
  const rest = longest === undefined ? name : whole.slice(longest.from.length + 1)
  const mapped = [prefix, longest?.to ?? '', rest].filter((part) => part !== '').join('/')
  const parsed = parseName(mapped)
  if (parsed !== undefined) return parsed
  throw new PortolanError(
    'USAGE',
    `${whole} would become ${JSON.stringify(mapped)}, which is no repository name`,
  )
}
