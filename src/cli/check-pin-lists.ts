import type { Config } from '../config/config.ts'
import type { ConfigFault } from '../config/fault.ts'
import { PortolanError } from '../errors.ts'
import { parseImageList } from '../oci/image-list.ts'
import { readTextFile } from './text-file.ts'

/** As many lines of one list are told. */
const LINES_MAX = 10

/**
 * Looks at the lists of images that a mirror pins: all that is wrong with them is a warning, since the mirror starts and
 * says it too, and since a config is often checked on another machine than the mirror's.
 */
export async function checkPinLists(config: Config, file: string): Promise<readonly ConfigFault[]> {
  const warnings: ConfigFault[] = []
  for (const [index, list] of (config.cache?.pin ?? []).entries()) {
    const at = (message: string): ConfigFault => ({ file, path: `cache.pin[${index}]`, value: list, message })
    try {
      for (const message of problemsOf(await readTextFile(list), config)) warnings.push(at(message))
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error
      const reason = error.cause instanceof Error ? error.cause.message : error.message
      warnings.push(at(`cannot be read here (${reason}); where the mirror runs, it must be`))
    }
  }
  return warnings
}

function* problemsOf(text: string, { registries }: Config): Iterable<string> {
  const { images, faults } = parseImageList(text)
  for (const { line, message } of faults.slice(0, LINES_MAX)) yield `line ${line}: ${message}`
  const hosts = new Set(registries.map(({ host }) => host))
  const foreign = Map.groupBy(images, ({ registry }) => registry)
  for (const [registry, [first]] of foreign) {
    // A mirror of one registry, whose host nobody has said, has all that is asked of it.
    if (!hosts.has('') && !hosts.has(registry))
      yield `names ${first!.text}, and ${registry} is none of the registries: ${[...hosts].join(', ')}`
  }
  if (images.length === 0 && faults.length === 0) yield 'names no image'
}
