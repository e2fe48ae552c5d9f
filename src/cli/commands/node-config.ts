import { coerce } from 'semver'
import { PortolanError } from '../../errors.ts'
import { KUBERNETES_MAP } from '../../migrate/builtin-map.ts'
import type { NodeConfig } from '../../migrate/node-config/node-config.ts'
import { NODE_TOOLS } from '../../migrate/node-config/tools.ts'
import { EXIT } from '../exit-code.ts'
import { printJson } from '../print.ts'
import { readMapData } from '../read-registry-map.ts'
import type { NodeConfigOptions } from './node-config-spec.ts'

/** Prints what makes a tool use the new names of a map, how to apply it, and how to undo it. */
export async function runNodeConfig({
  for: tool,
  map,
  toolVersion,
  json,
}: NodeConfigOptions): Promise<number> {
  const data = map === undefined ? KUBERNETES_MAP : await readMapData(map)
  const version = toolVersion === undefined ? undefined : readVersion(toolVersion)
  const config = NODE_TOOLS[tool]({ data, ...(version && { version }) })
  if (json) printJson({ tool, ...config })
  else process.stdout.write(formatConfig(config))
  return EXIT.done
}

function readVersion(text: string) {
  const version = /^v?[0-9]+(?:\.|$)/.test(text) ? coerce(text) : null
  if (version !== null) return version
  throw new PortolanError('USAGE', `${JSON.stringify(text)} is not a version, such as 1.31 or v1.7.2`, {
    text,
  })
}

function formatConfig({ settings, apply, check, undo, notes }: NodeConfig): string {
  const blocks = [
    ...settings.map(
      ({ file, whole, content }) => `# ${file}${whole ? '' : ', among what is there'}\n${content}`,
    ),
    ...[['apply', apply] as const, ['check', check] as const, ['undo', undo] as const].flatMap(
      ([name, commands]) => (commands.length === 0 ? [] : [`# ${name}\n${commands.join('\n')}\n`]),
    ),
    ...(notes.length === 0 ? [] : [`${notes.map((note) => `# note: ${note}`).join('\n')}\n`]),
  ]
  return blocks.join('\n')
}
