import semver, { type SemVer } from 'semver'

/** Four digits at most, since a lone longer number, such as `20230407`, is a date or the number of a build. */
const LONE_NUMBER_MAX_DIGITS = 4
const VERSION = /^v?([0-9]+)(?:\.([0-9]+)(?:\.([0-9]+))?)?(?:-([0-9A-Za-z.-]+))?(?:_([0-9A-Za-z._-]+))?$/

/**
 * Reads a tag as a version, more loosely than semver.org: `v` before it, minor and patch left out (they count as 0) and
 * zeros before a number (`24.04`) are fine. What follows `-` is a prerelease, also where it is meant as a variant
 * (`1.29-alpine`); what follows `_` is the build, as Helm writes the `+` that no tag can hold.
 */
export function readTagVersion(tag: string): SemVer | undefined {
  const match = VERSION.exec(tag)
  if (match === null) return undefined
  const [, major = '', minor, patch, prerelease, build] = match
  if (minor === undefined && major.length > LONE_NUMBER_MAX_DIGITS) return undefined
  const numbers = [major, minor ?? '0', patch ?? '0'].map((number) => number.replace(/^0+(?=[0-9])/, ''))
  // Inside of a prerelease semver allows no zeros before a number either: `1.0.0-20230407.01`.
  const parts = prerelease?.split('.').map((part) => part.replace(/^0+(?=[0-9]+$)/, ''))
  return (
    semver.parse(
      `${numbers.join('.')}${parts === undefined ? '' : `-${parts.join('.')}`}${build === undefined ? '' : `+${build.replaceAll('_', '-')}`}`,
    ) ?? undefined
  )
}
