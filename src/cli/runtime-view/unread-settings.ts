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
  // What another program starts has its settings elsewhere.
  const isOwn = running.unit === undefined || running.unit === `${runtime}.service`
  return (isOwn ? (READ_ONCE[runtime] ?? []) : [])
    .filter((file) => isLater(files.changedAt(file), running))
    .map((file) => ({
      ...{ file, line: 1, effect: 'unused', fix: restart(runtime, running) },
      problem: `${runtime} has been running since ${running.since.toISOString()}, before this was changed, and has not read it`,
    }))
}

/**
 * Where a runtime was started with another value of a variable than its unit has by now; `undefined` where it was not, or
 * nobody knows. A variable that the unit does not have may come from elsewhere: systemd-system.conf(5), `DefaultEnvironment`.
 */
export function unreadVariables(
  runtime: string,
  running: RuntimeProcess,
  { variables, files: unitFiles }: PullVariables,
  files: MachineFiles,
): SettingFinding | undefined {
  if (running.variables === undefined) return undefined
  const started = ofPulls(running.variables)
  const other = [...unitFiles.keys()].filter((name) => started[name] !== variables[name]).sort()
  const [first] = other
  if (first === undefined) return undefined
  const file = unitFiles.get(first)!
  const lines = files.read(file)?.split('\n') ?? []
  return {
    file,
    line: Math.max(1, lines.findIndex((line) => line.includes(`${first}=`)) + 1),
    effect: 'unused',
    problem: `${runtime} runs with other values of ${other.join(', ')} than its unit has: it has been running since ${running.since.toISOString()}`,
    fix: restart(runtime, running),
  }
}

function restart(runtime: string, { unit = runtime }: RuntimeProcess): string {
  return `\`systemctl daemon-reload; systemctl restart ${unit.replace(/\.service$/, '')}\``
}
