import { readRegular } from '../adapters/node/regular-file.ts'
import type { Config } from '../config/config.ts'
import { type ConfigFault, formatConfigPath } from '../config/fault.ts'
import { parseImageList } from '../oci/image-list.ts'

const BYTES_MAX = 16 * 1024 * 1024
/** Faults that are told of one list: with a hundred wrong lines, the file is not the one that was meant. */
const TOLD_MAX = 10

/**
 * Warns of the lists of `cache.pin`: of those that cannot be read here, of lines that name no image, and of images that
 * no registry of the config has. A mirror starts all the same, and counts them as missing.
 */
export async function checkPinFiles(
  { cache, registries }: Config,
  file: string,
): Promise<readonly ConfigFault[]> {
  const hosts = new Set(registries.map(({ host }) => host))
  const warnings: ConfigFault[] = []
  for (const [index, name] of (cache?.pin ?? []).entries()) {
    const path = formatConfigPath(['cache', 'pin', index])
    const found = await faultsOf(name, hosts)
    const told = found.slice(0, TOLD_MAX)
    if (found.length > told.length) told.push(`has ${found.length - told.length} faults more`)
    warnings.push(...told.map((message) => ({ file, path, value: name, message })))
  }
  return warnings
}

async function faultsOf(name: string, hosts: ReadonlySet<string>): Promise<string[]> {
  try {
    const { images, faults } = parseImageList(await readRegular(name, BYTES_MAX))
    const known = [...hosts].join(', ')
    return [
      ...faults.map(({ line, message }) => `line ${line}: ${message}`),
      ...images
        // A mirror of one registry, whose host nobody has said, has all that is asked of it.
        .filter(({ registry }) => !hosts.has('') && !hosts.has(registry))
        .map(({ text, registry }) => `names ${text}, and ${registry} is none of the registries: ${known}`),
    ]
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return [`cannot be read here (${reason}); where the mirror runs, it must be`]
  }
}
