import { coerce, type SemVer } from 'semver'
import { PortolanError } from '../../errors.ts'
import { KUBERNETES_MAP } from '../../migrate/builtin-map.ts'
import { CHECKED_TOOLS } from '../../migrate/node-check/check-node.ts'
import type { NodeConfig } from '../../migrate/node-config/node-config.ts'
import { NODE_TOOLS, type NodeTool } from '../../migrate/node-config/tools.ts'
import { EXIT } from '../exit-code.ts'
import { readMapData } from '../read-registry-map.ts'
import { type NodeCheckOptions, runNodeCheck } from './node-check.ts'

export interface NodeConfigOptions {
  readonly for?: string
  readonly map?: string
  readonly revert?: boolean
  readonly toolVersion?: string
  readonly kubernetesVersion?: string
  /** `--no-fallback`. */
  readonly fallback?: boolean
  readonly check?: boolean
  readonly root?: string
  readonly json?: boolean
}

/** Prints the settings that make a tool use the new names of a map, or checks those that are there; gives the exit code. */
export async function runNodeConfig(paths: readonly string[], options: NodeConfigOptions): Promise<number> {
  checkUsage(paths, options)
  const version = readVersion(options.toolVersion)
  const kubernetes = readVersion(options.kubernetesVersion)
  const common = {
    ...(version && { version }),
    ...(kubernetes && { kubernetes }),
    noFallback: options.fallback === false,
  }
  if (options.check) {
    const { for: tool, root, json = false } = options
    const check: NodeCheckOptions = {
      ...common,
      json,
      ...(tool !== undefined && { tool }),
      root: root ?? '/',
    }
    return runNodeCheck(paths, check)
  }
  const tool = printedTool(options.for)
  const data = options.map === undefined ? KUBERNETES_MAP : await readMapData(options.map)
  const config = NODE_TOOLS[tool]({ data, ...common, revert: options.revert ?? false })
  process.stdout.write(
    options.json ? `${JSON.stringify({ version: 1, tool, ...config }, null, 2)}\n` : formatConfig(config),
  )
  return EXIT.done
}

function checkUsage(paths: readonly string[], options: NodeConfigOptions): void {
  const { check, root, map, revert, toolVersion } = options
  const wrong = (message: string) => new PortolanError('USAGE', message)
  if (!check && paths.length > 0) throw wrong(`--check looks at files: give it with ${paths[0]}`)
  if (!check && root !== undefined)
    throw wrong('--root is where the machine of --check is: use it with --check')
  if (!check) return
  if (map !== undefined || revert)
    throw wrong('--map and --revert are for printing settings: not with --check')
  if (paths.length > 0 && root !== undefined)
    throw wrong('--check looks at files or at a machine: name paths or --root')
  if (paths.length === 0 && options.for !== undefined && !CHECKED_TOOLS.includes(options.for)) {
    throw wrong(`the settings of ${options.for} are in no place of a machine: name files with --check`)
  }
  if (toolVersion !== undefined && options.for === undefined && paths.length === 0) {
    throw wrong('--tool-version is of one tool: name it with --for')
  }
}

function printedTool(tool: string | undefined): NodeTool {
  const known = Object.keys(NODE_TOOLS)
  if (tool === undefined) {
    throw new PortolanError(
      'USAGE',
      `name whose settings to print with --for (${known.join(', ')}), or --check`,
    )
  }
  if (isNodeTool(tool)) return tool
  const message = `the settings of ${tool} are only checked, not printed: --for takes ${known.join(', ')}`
  throw new PortolanError('USAGE', tool === 'rke2' ? `${message}; those of k3s are for RKE2 too` : message, {
    tool,
  })
}

function isNodeTool(tool: string): tool is NodeTool {
  return Object.hasOwn(NODE_TOOLS, tool)
}

function readVersion(text: string | undefined): SemVer | undefined {
  if (text === undefined) return undefined
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
