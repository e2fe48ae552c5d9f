import { openBundleFolder } from '../adapters/node/open-bundle-folder.ts'
import { bundleRegistry } from '../bundle/bundle-registry.ts'
import type { Config, UpstreamConfig } from '../config/config.ts'
import type { RegistryAddress } from '../registry/address.ts'
import type { Registry } from '../registry/reader.ts'
import type { NewName } from '../replication/legacy/check-legacy.ts'
import { openContents } from '../server/layout-contents.ts'
import { openImageLayout } from '../storage/fs/image-layout.ts'
import { commandRuntime } from './command-runtime.ts'

/** What opening the new name takes. */
export interface NewNameParts {
  readonly connect: (address: RegistryAddress, tokenServices?: readonly string[]) => Registry
  readonly warn: (message: string) => void
}

/** The canonical upstream of a config: what the door sends clients to when nobody else has it. */
export async function openNewName(
  config: Config,
  canonical: UpstreamConfig,
  { connect, warn }: NewNameParts,
): Promise<NewName> {
  const { id, url, prefix, tokenServices, layout, bundle } = canonical
  if (url !== undefined) return connect({ url, prefix }, tokenServices)
  const disk = {
    openLayout: (folder: string) =>
      openImageLayout(folder, { runtime: commandRuntime, report: ({ message }) => warn(message) }),
    openBundle: async (folder: string) => bundleRegistry(commandRuntime, await openBundleFolder(folder)),
  }
  const { contents } = await openContents({ ...config, upstreams: [canonical] }, disk, undefined)
  const location = layout === undefined ? `bundle:${bundle}` : `oci:${layout}`
  return { location, repository: (name) => contents.get(id)!.repository(name) }
}
