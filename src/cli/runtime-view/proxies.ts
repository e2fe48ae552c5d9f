import { Checkup } from '../../migrate/node-check/checkup.ts'
import type { NodeFiles } from '../../migrate/node-check/node-files.ts'
import { unitEnvironment } from '../../migrate/node-check/systemd-units.ts'

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
export function pullVariables(runtime: string, files: NodeFiles): PullVariables {
  if (runtime === 'podman' || runtime === 'shell') return shellVariables()
  const unit = `${runtime}.service`
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

/** Of all variables of a process those that bear on a pull. */
export function ofPulls(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const found = Object.entries(variables).filter(([name]) => NAMES.test(name))
  return Object.fromEntries(found.map(([name, value]) => [name, value ?? '']))
}
