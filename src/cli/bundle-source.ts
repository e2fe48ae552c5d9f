import { bundleRegistry } from '../bundle/bundle-registry.ts'
import { isSignatureName, readImageName } from '../bundle/image-name.ts'
import type { OpenedBundle } from '../bundle/open-bundle.ts'
import { PortolanError } from '../errors.ts'
import type { Name } from '../oci/name.ts'
import type { CopySource } from '../replication/images/copy-images.ts'
import { commandRuntime } from './command-runtime.ts'
import type { SourceImage } from './source-image.ts'
import { usage } from './sync-parts.ts'

/**
 * The images of a bundle; signatures come along with what they are about. Throws `CONTENT_INVALID` where it contradicts
 * itself, and `USAGE` for one that counts on what its target has: that is for an import.
 */
export function bundleImages(bundle: OpenedBundle, location: string): readonly SourceImage[] {
  const { images, assumed } = bundle.index
  if (assumed.length > 0)
    throw usage(
      `${location} leaves out what its target has: portolan bundle import ${bundle.location} --to HOST/PREFIX knows how to go on from there`,
    )
  const registry = bundleRegistry(commandRuntime, bundle)
  const sources = new Map<string, CopySource>()
  const repositoryOf = (host: string, name: Name) => {
    const repository = registry.repository(`${host}/${name}` as Name)
    if (repository !== undefined) return repository
    const message = `${location} has nothing of ${host}/${name}, though it names an image of it`
    throw new PortolanError('CONTENT_INVALID', message)
  }
  const sourceOf = (host: string, name: Name): CopySource => {
    // Rather now than in the middle of a copy.
    repositoryOf(host, name)
    const source = sources.get(host) ?? {
      location,
      repository: (asked: Name) => repositoryOf(host, asked),
    }
    sources.set(host, source)
    return source
  }
  return images
    .filter(({ name }) => !isSignatureName(name))
    .map(({ name: title, digest }): SourceImage => {
      const { host, name, tag } = readImageName(title)
      return {
        host,
        name,
        ...(tag && { tag }),
        digest,
        source: sourceOf(host, name),
        written: `${location}:${title}`,
      }
    })
}
