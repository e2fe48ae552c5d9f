import type { SettingFinding } from '../../doctor/network/report.ts'
import type { MachineFiles } from '../node-files.ts'
import { ofPulls, type PullVariables } from './proxies.ts'
import { isLater, type RuntimeProcess } from './runtime-process.ts'

/** Read once, when the runtime starts; what it reads again when it is told to, or for every pull, is no matter of time. */
const READ_ONCE: Readonly<Record<string, readonly string[]>> = {
  containerd: ['/etc/containerd/config.toml'],
}

/** The files of a machine that say something else since before its runtime has started, which has read them once. */
export function unreadFiles(runtime: string, running: RuntimeProcess, files: MachineFiles): SettingFinding[] {
  return (READ_ONCE[runtime] ?? [])
    .filter((file) => isLater(files.changedAt(file), running))
    .map((file) => ({
      ...{ file, line: 1, effect: 'unused', fix: restart(runtime) },
      problem: `${runtime} has been running since ${running.since.toISOString()}, before this was changed, and has not read it`,
    }))
}

/** Where a runtime was started with other variables than its unit has by now; `undefined` where it was not, or nobody knows. */
export function unreadVariables(
  runtime: string,
  { since, variables: own }: RuntimeProcess,
  { variables, files: unitFiles }: PullVariables,
  files: MachineFiles,
): SettingFinding | undefined {
  if (own === undefined) return undefined
  const started = ofPulls(own)
  const names = [...new Set([...Object.keys(variables), ...Object.keys(started)])].sort()
  const other = names.filter((name) => started[name] !== variables[name])
  if (other.length === 0) return undefined
  const named = other.find((name) => unitFiles.has(name))
  const file = (named && unitFiles.get(named)) ?? `${runtime}.service`
  const lines = files.read(file)?.split('\n') ?? []
  return {
    file,
    line: Math.max(1, lines.findIndex((line) => named !== undefined && line.includes(`${named}=`)) + 1),
    effect: 'unused',
    problem: `${runtime} runs with other values of ${other.join(', ')} than its unit has: it has been running since ${since.toISOString()}`,
    fix: restart(runtime),
  }
}

function restart(runtime: string): string {
  return `\`systemctl daemon-reload; systemctl restart ${runtime}\``
}
