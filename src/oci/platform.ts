import type { Platform } from './manifest.ts'

/**
 * What is meant where a variant is left out (containerd `platforms`, database.go: `arm64` is `v8`, `arm` is `v7`,
 * `amd64` is `v1`). Many indexes leave it out for `arm64`, and many tools write it.
 */
const USUAL_VARIANTS: Readonly<Record<string, string>> = { amd64: 'v1', arm: 'v7', arm64: 'v8' }

/** Reads `OS/ARCHITECTURE[/VARIANT]`, such as `linux/arm/v7`; `undefined` when it is not of that form. */
export function parsePlatform(text: string): Platform | undefined {
  if (!/^[a-z0-9]+(?:\/[a-z0-9_.-]+){1,2}$/.test(text)) return undefined
  const [os, architecture, variant] = text.split('/')
  return { os: os!, architecture: architecture!, ...(variant !== undefined && { variant }) }
}

/** Writes what {@link parsePlatform} reads. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/')
}

/**
 * Whether what an index entry offers (OCI image-spec 1.1, image-index.md, `platform`) is wanted. Wanted without a
 * variant, every variant is; with one, that one alone, where an entry without a variant is of the usual one:
 * `linux/arm64/v8` takes `linux/arm64`. Unlike containerd, which picks one entry that runs, an older variant is no match.
 */
export function matchesPlatform(wanted: Platform, offered: Platform): boolean {
  return (
    wanted.os === offered.os &&
    wanted.architecture === offered.architecture &&
    (wanted.variant === undefined || variantOf(wanted) === variantOf(offered))
  )
}

function variantOf({ architecture, variant }: Platform): string | undefined {
  return variant ?? USUAL_VARIANTS[architecture]
}
