import { PortolanError } from '../../errors.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Platform } from '../../oci/manifest.ts'
import { formatPlatform, matchesPlatform } from '../../oci/platform.ts'
import type { ManifestContent } from '../manifest-content.ts'

/**
 * The fault of an image for several platforms that is for none of those that are wanted: what would be copied of it is an
 * index that leads to nothing. `undefined` where there is none.
 */
export function missingPlatforms(
  digest: Digest,
  content: ManifestContent | undefined,
  wanted: readonly Platform[],
): PortolanError | undefined {
  const offered = (content?.manifests ?? [])
    .map(({ platform }) => platform)
    .filter((platform) => platform !== undefined && platform.os !== 'unknown' && platform.os !== '')
    .map((platform) => platform as Platform)
  if (wanted.length === 0 || offered.length === 0) return undefined
  if (offered.some((platform) => wanted.some((each) => matchesPlatform(each, platform)))) return undefined
  const [asked, has] = [wanted, offered].map((list) => [...new Set(list.map(formatPlatform))].join(', '))
  return new PortolanError('CONTENT_INVALID', `it has nothing for ${asked}, only for ${has}`, { digest })
}
