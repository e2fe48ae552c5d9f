import { coerce } from 'semver'
import { KUBERNETES_MAP } from '../../migrate/builtin-map.ts'
import { MIRROR_TOOLS, type MirrorTool } from '../../migrate/mirror-config/tools.ts'
import type { NodeConfig } from '../../migrate/node-config/node-config.ts'
import { NODE_TOOLS, type NodeTool } from '../../migrate/node-config/tools.ts'
import { EXIT } from '../exit-code.ts'
import { printJson } from '../print.ts'
import { readNodeMirror } from '../read-node-mirror.ts'
import { readMapData } from '../read-registry-map.ts'
import { runNodeCheck } from './node-check.ts'
import type { NodeConfigOptions } from './node-config-spec.ts'

/** Prints the settings that make a tool use the new names of a map, or checks those that are there; gives the exit code. */
export async function runNodeConfig(paths: readonly string[], options: NodeConfigOptions): Promise<number> {
  const { for: tool, toolVersion, kubernetesVersion, fallback, root, json } = options
  const common = {
    ...(toolVersion !== undefined && { version: coerce(toolVersion)! }),
    ...(kubernetesVersion !== undefined && { kubernetes: coerce(kubernetesVersion)! }),
    noFallback: !fallback,
  }
  const mirror = await readNodeMirror(options)
  if (options.check) {
    return runNodeCheck(paths, {
      ...common,
      json,
      ...(tool !== undefined && { tool }),
      root: root ?? '/',
      ...(mirror && { mirror }),
    })
  }
  // That the tool is one of these was a rule of the command.
  const config =
    mirror === undefined
      ? NODE_TOOLS[tool as NodeTool]({ ...(await movesOf(options)), ...common })
      : MIRROR_TOOLS[tool as MirrorTool]({ mirror, ...common })
  if (json) printJson({ tool, ...config })
  else process.stdout.write(formatConfig(config))
  return EXIT.done
}

async function movesOf({ map, revert }: NodeConfigOptions) {
  return { data: map === undefined ? KUBERNETES_MAP : await readMapData(map), revert }
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
