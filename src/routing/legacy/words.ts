import type { LegacyConfig } from '../../config/legacy-config.ts'
import type { RepositoryRequest } from '../addressing.ts'

/** The most bytes of a `Warning` (OCI distribution spec 1.1, "Warnings"). */
const WARNING_MAX = 4096

/** What a request asks for, as references say it without their host. */
export function imageOf(request: RepositoryRequest): string {
  switch (request.kind) {
    case 'manifest':
      return `${request.name}${request.byDigest ? '@' : ':'}${request.reference}`
    case 'blob':
    case 'referrers':
      return `${request.name}@${request.digest}`
    case 'tags':
      return request.name
  }
}

/** What was never there, and where to look for it. */
export function neverThere({ host, frozen, successor }: LegacyConfig, image: string): string {
  return `${host} is frozen since ${frozen} and never had ${image}; pull ${successor.host}/${image}`
}

/** That an old name is switched off for a while. */
export function switchedOff(legacy: LegacyConfig, until: number, image: string): string {
  const ends = endOf(legacy)
  const why = ends === undefined ? 'to show what still uses it' : `to show what stops on ${secondsOf(ends)}`
  return `${legacy.host} is switched off until ${secondsOf(until)} ${why}: ${wayOut(legacy, image)}`
}

/** That an old name is closed. */
export function closed(legacy: LegacyConfig, since: number, image: string): string {
  return `${legacy.host} is closed since ${secondsOf(since)}: ${wayOut(legacy, image)}`
}

/** The value of a `Warning` header that tells whoever pulls by an old name; printable ASCII alone. */
export function warningOf(legacy: LegacyConfig, image: string): string {
  const ends = endOf(legacy)
  const end = ends === undefined ? '' : ` and ends on ${secondsOf(ends)}`
  const text = `${legacy.host} is frozen since ${legacy.frozen}${end}: ${wayOut(legacy, image)}`
  // containerd decodes %xx, and drops the whole warning where that makes what no quoted string has (its warnings.go).
  const written = text.replace(/[^\x20-\x7e]/g, '?').replace(/%(?=[01][0-9a-f]|22|5c|7f)/gi, '%25')
  // RFC 9110, 5.6.4: in a quoted string, these two have a backslash before them.
  const quoted = written.replace(/["\\]/g, '\\$&')
  return `299 - "${quoted.slice(0, WARNING_MAX - 16)}"`
}

/** When an old name ends for everybody and for good, in milliseconds since 1970; `undefined` while that is not planned. */
export function endOf({ phases }: LegacyConfig): number | undefined {
  const ends = phases.filter(
    ({ phase, until, share, when }) =>
      phase === 'refuse' && until === undefined && share === 1 && Object.keys(when).length === 0,
  )
  return ends.length === 0 ? undefined : Math.min(...ends.map(({ from }) => from))
}

/** A moment as people read it, without the part of a second. */
export function secondsOf(moment: number): string {
  return new Date(moment).toISOString().replace(/\.\d+/, '')
}

function wayOut({ successor, info }: LegacyConfig, image: string): string {
  return `pull ${successor.host}/${image} instead${info === undefined ? '' : `, see ${info}`}`
}
