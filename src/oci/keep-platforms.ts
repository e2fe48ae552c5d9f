import { PortolanError } from '../errors.ts'
import type { Descriptor, Platform } from './manifest.ts'
import { matchesPlatform, parsePlatform } from './platform.ts'

/** What Docker's builder writes at an attestation: the child of the same index that it is about. */
const ATTESTED = 'vnd.docker.reference.digest'

/** Reads `linux/amd64` or `linux/arm/v7`. Throws `CONFIG_INVALID`, naming the value. */
export function readPlatform(text: string): Platform {
  const platform = parsePlatform(text)
  if (platform !== undefined) return platform
  throw new PortolanError(
    'CONFIG_INVALID',
    `${JSON.stringify(text)} is not a platform; expected OS/ARCHITECTURE[/VARIANT], such as linux/arm/v7`,
    { platform: text },
  )
}

/**
 * The children of an index that come along; all of them when no platform is wanted in particular. One that names no
 * platform is kept, unless it is an attestation about a child that is not.
 */
export function keepPlatforms(
  children: readonly Descriptor[],
  wanted: readonly Platform[],
): readonly Descriptor[] {
  if (wanted.length === 0) return children
  const isWanted = ({ platform }: Descriptor) =>
    !namesMachine(platform) || wanted.some((each) => matchesPlatform(each, platform))
  // By digest, since one may stand there for two platforms.
  const kept = new Set(children.filter(isWanted).map(({ digest }) => digest))
  const left = new Set<string | undefined>(children.map(({ digest }) => digest)).difference(kept)
  return children.filter(({ digest, annotations }) => kept.has(digest) && !left.has(annotations?.[ATTESTED]))
}

function namesMachine(platform: Platform | undefined): platform is Platform {
  return platform !== undefined && platform.os !== 'unknown' && platform.os !== ''
}
