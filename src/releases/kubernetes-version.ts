import { PortolanError } from '../errors.ts'
import type { KubernetesReleases } from './kubernetes-releases.ts'

/** A version of Kubernetes. */
export interface KubernetesVersion {
  readonly major: number
  readonly minor: number
  readonly patch: number
  /** Such as `rc.0`, of one that is not released yet. */
  readonly prerelease?: string
}

const VERSION = /^v?(1)\.([0-9]{1,3})\.(?:([0-9]{1,3})(?:-((?:alpha|beta|rc)\.[0-9]{1,3}))?|x)$/

/**
 * Reads `v1.33.2`, `v1.34.0-rc.1`, or `v1.33.x`, the last patch that is known. Throws `USAGE` for anything else, and for
 * an `x` of which nothing is known: no patch is guessed.
 */
export function readKubernetesVersion(text: string, releases: KubernetesReleases): KubernetesVersion {
  const match = VERSION.exec(text)
  if (match === null) {
    const expected = 'v1.33.2, v1.34.0-rc.1, or v1.33.x for the last patch that is known'
    throw usage(`${JSON.stringify(text)} is no version of Kubernetes; expected one such as ${expected}`, text)
  }
  const [major, minor] = [Number(match[1]), Number(match[2])]
  const patch = match[3] === undefined ? releases.lastPatch(`${major}.${minor}`) : Number(match[3])
  if (patch === undefined) {
    const known = `${releases.first} to ${releases.last}`
    throw usage(`no patch of Kubernetes ${major}.${minor} is known, only of ${known}; name one`, text)
  }
  return { major, minor, patch, ...(match[4] !== undefined && { prerelease: match[4] }) }
}

/** The minor version of which `v1.33.x` is the last patch, such as `1.33`; `undefined` for what names a patch itself. */
export function minorOfLast(text: string): string | undefined {
  const [, minor] = /^v?(1\.[0-9]{1,3})\.x$/.exec(text) ?? []
  return minor
}

/** The last patch of a minor version that a registry has tags of, those of what is no release left out. */
export function lastPatchOfTags(minor: string, tags: Iterable<string>): number | undefined {
  let last: number | undefined
  for (const tag of tags) {
    const [, of, patch] = /^v(1\.[0-9]{1,3})\.([0-9]{1,3})$/.exec(tag) ?? []
    if (of === minor && Number(patch) >= (last ?? 0)) last = Number(patch)
  }
  return last
}

/** The two versions of `v1.33.1..v1.34.0`, as they are written. Throws `USAGE` for anything else. */
export function splitUpgrade(text: string): readonly [from: string, to: string] {
  const [from, to, ...more] = text.split('..')
  if (!from || !to || more.length > 0) {
    throw usage(`${JSON.stringify(text)} is no upgrade; expected FROM..TO, such as v1.33.1..v1.34.0`, text)
  }
  return [from, to]
}

/** As tags and people write it: `v1.33.2`. */
export function formatKubernetesVersion({ major, minor, patch, prerelease }: KubernetesVersion): string {
  return `v${major}.${minor}.${patch}${prerelease === undefined ? '' : `-${prerelease}`}`
}

function usage(message: string, value: string): PortolanError {
  return new PortolanError('USAGE', message, { value })
}
