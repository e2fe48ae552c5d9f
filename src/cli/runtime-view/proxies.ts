import { isDeepStrictEqual } from 'node:util'
import { Checkup } from '../../migrate/node-check/checkup.ts'
import type { NodeFiles } from '../../migrate/node-check/node-files.ts'
import { unitEnvironment } from '../../migrate/node-check/systemd-units.ts'
import { dockerDaemon } from './docker-daemon.ts'
import type { RuntimeProcess } from './runtime-process.ts'

/** Variables that bear on how a program pulls, and where they are set. */
export interface PullVariables {
  readonly variables: Readonly<Record<string, string>>
  /** The files of the unit that set some, or `the environment of this shell`. */
  readonly from: string
  /** The file of each that is set in one. */
  readonly files: ReadonlyMap<string, string>
}

/** What a program of Go's reads of its environment that bears on a pull, and no more of it. */
const NAMES = /^(?:(?:https?|all|no)_proxy|SSL_CERT_(?:FILE|DIR))$/i

/** Those of the unit that starts a runtime; of Podman and tools, which people start, those of this shell. */
export function pullVariables(runtime: string, files: NodeFiles, unit = `${runtime}.service`): PullVariables {
  if (runtime === 'podman' || runtime === 'shell') return shellVariables()
  const found = [...unitEnvironment(new Checkup(runtime, files, {}), unit)].filter(([name]) =>
    NAMES.test(name),
  )
  return {
    variables: Object.fromEntries(found.map(([name, { value }]) => [name, value])),
    files: new Map(found.map(([name, { file }]) => [name, file])),
    from: [...new Set(found.map(([, { file }]) => file))].join(', ') || unit,
  }
}

/** What this command was started with. */
export function shellVariables(): PullVariables {
  return { variables: ofPulls(process.env), files: new Map(), from: 'the environment of this shell' }
}

/**
 * What programs of Go's make of variables (golang.org/x/net/http/httpproxy): capitals count before small letters, and there
 * is no proxy for all.
 */
function asGoReads(variables: Readonly<Record<string, string>>): Record<string, string> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']
  const found = names.map((name) => [name, variables[name] || variables[name.toLowerCase()]] as const)
  const others = Object.entries(variables).filter(([name]) => !/_proxy$/i.test(name))
  return Object.fromEntries([...others, ...found.flatMap(([name, value]) => (value ? [[name, value]] : []))])
}

/**
 * The variables by which a runtime pulls, as its program reads them: what it was started with counts, whatever its unit says
 * by now, and of dockerd its own settings before that.
 */
export function countingVariables(
  runtime: string,
  told: PullVariables,
  running: RuntimeProcess | undefined,
  files: NodeFiles,
): Pick<PullVariables, 'variables' | 'from'> {
  if (runtime === 'shell') return told
  const started = running?.variables && ofPulls(running.variables)
  const daemon = runtime === 'docker' ? dockerDaemon(files) : undefined
  const variables = asGoReads({ ...(started ?? told.variables), ...daemon?.proxies })
  const isOther = started !== undefined && !isDeepStrictEqual(started, told.variables)
  const from = isOther ? `what ${runtime} was started with` : told.from
  return {
    variables,
    from: Object.keys(daemon?.proxies ?? {}).length > 0 ? `${daemon?.from}, ${from}` : from,
  }
}

/** Of all variables of a process those that bear on a pull. */
export function ofPulls(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const found = Object.entries(variables).filter(([name]) => NAMES.test(name))
  return Object.fromEntries(found.map(([name, value]) => [name, value ?? '']))
}
