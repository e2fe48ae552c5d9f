import { PortolanError } from '../errors.ts'
import type { Descriptor, Platform } from '../oci/manifest.ts'

/** What Docker's builder writes at an attestation: the child of the same index that it is about. */
const ATTESTED = 'vnd.docker.reference.digest'
/** What is meant where a manifest leaves the variant out, as container tools have it. */
const USUAL_VARIANTS: Readonly<Record<string, string>> = { amd64: 'v1', arm: 'v7', arm64: 'v8' }

/** Reads `linux/amd64` or `linux/arm/v7`. Throws `CONFIG_INVALID`, naming the value. */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant] = text.split('/')
  if (!/^[a-z0-9]+(?:\/[a-z0-9_.-]+){1,2}$/.test(text) || os === undefined || architecture === undefined) {
    throw new PortolanError(
      'CONFIG_INVALID',
      `${JSON.stringify(text)} is not a platform; expected OS/ARCHITECTURE[/VARIANT], such as linux/arm/v7`,
      { platform: text },
    )
  }
  return { os, architecture, ...(variant !== undefined && { variant }) }
}

/** Whether content for `offered` is wanted where `wanted` is; without a variant it stands for all of them. */
export function matchesPlatform(wanted: Platform, offered: Platform): boolean {
  return (
    wanted.os === offered.os &&
    wanted.architecture === offered.architecture &&
    (wanted.variant === undefined || variantOf(wanted) === variantOf(offered))
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

function variantOf({ architecture, variant }: Platform): string | undefined {
  return variant ?? USUAL_VARIANTS[architecture]
}
