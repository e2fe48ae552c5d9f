import { createMachineFiles, type MachineFiles } from '../node-files.ts'

/** The process of a runtime: what it was started with, and has read since then, is not always what its files say. */
export interface RuntimeProcess {
  /** When it has started, to the second before. */
  readonly since: Date
  /** The unit that has started it, such as `k3s.service`; absent where systemd has not. */
  readonly unit?: string
  /** What it was started with; absent where that may not be read. */
  readonly variables?: Readonly<Record<string, string>>
}

/** What the processes of runtimes are called, of those that run on their own. */
const PROGRAMS: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  docker: 'dockerd',
  crio: 'crio',
}
/** In so many parts of a second does Linux count when processes start, for programs (`USER_HZ`). */
const TICKS = 100
/** The control group that systemd makes for a unit of this machine, and not of a container in it (systemd.slice(5)). */
const UNIT = /:(?:\/\.\.)*\/system\.slice\/([\w@.\\-]{1,200}\.service)$/m
/** Since a start is known to the second, what came this much later came after it, in milliseconds. */
const PRECISION = 1000

/** The process of a machine's runtime; `undefined` where there is none, or where it is not known which of several it is. */
export function runtimeProcess(runtime: string, root: string): RuntimeProcess | undefined {
  const program = PROGRAMS[runtime]
  // What cannot be read there is of no interest: processes end, and not everybody may look into them.
  const files = createMachineFiles(root)
  const boot = /^btime (\d+)$/m.exec(files.read('/proc/stat') ?? '')?.[1]
  if (program === undefined || boot === undefined) return undefined
  const named = files
    .list('/proc')
    .filter((name) => /^\d+$/.test(name) && files.read(`/proc/${name}/comm`)?.trim() === program)
    .map((id) => ({ id, unit: UNIT.exec(files.read(`/proc/${id}/cgroup`) ?? '')?.[1] }))
    // Docker has a containerd of its own.
    .filter(({ unit }) => runtime === 'docker' || unit !== 'docker.service')
  const own = named.filter(({ unit }) => unit === `${runtime}.service`)
  const units = named.filter(({ unit }) => unit !== undefined)
  const [one, ...others] = [own, units, named].find(({ length }) => length > 0) ?? []
  const ticks = one === undefined || others.length > 0 ? undefined : startOf(files, one.id)
  if (one === undefined || ticks === undefined) return undefined
  const { id, unit } = one
  const environment = files.read(`/proc/${id}/environ`)
  return {
    since: new Date(Number(boot) * 1000 + (ticks / TICKS) * 1000),
    ...(unit !== undefined && { unit }),
    ...(environment && { variables: variablesOf(environment) }),
  }
}

/** Whether something is as it is only since a process has started. */
export function isLater(changed: Date | undefined, { since }: Pick<RuntimeProcess, 'since'>): boolean {
  return changed !== undefined && changed.getTime() - since.getTime() >= PRECISION
}

/** The 22nd field of /proc/PID/stat (proc(5)); the second is a name in parentheses, which may hold anything. */
function startOf(files: MachineFiles, id: string): number | undefined {
  const stat = files.read(`/proc/${id}/stat`) ?? ''
  const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return field !== undefined && /^\d+$/.test(field) ? Number(field) : undefined
}

function variablesOf(environment: string): Record<string, string> {
  const pairs = environment.split('\0').map((text) => {
    const at = text.indexOf('=')
    return [text.slice(0, at), text.slice(at + 1)] as const
  })
  return Object.fromEntries(pairs.filter(([name]) => name !== ''))
}
