import type { TomlTable } from 'smol-toml'
import type { Checkup, Where } from './checkup.ts'
import { pathFrom } from './node-files.ts'
import { isTable, type TomlDocument } from './toml-document.ts'

const CAPABILITIES = ['pull', 'resolve', 'push', 'referrers']

export const HOST_KEYS = [
  'capabilities',
  'ca',
  'client',
  'skip_verify',
  'header',
  'override_path',
  'dial_timeout',
]

export const KEYS = [...HOST_KEYS, 'server', 'host']

/** What k3s and RKE2 add to containerd. */
const FORK_KEYS = ['rewrite']

/** Keys that nobody reads, and values with which containerd drops the file; tells whether it does. */
export function checkTable(
  checkup: Checkup,
  file: string,
  read: TomlDocument,
  table: TomlTable,
  path: readonly string[],
  known: readonly string[],
): boolean {
  let isDropped = false
  for (const [key, value] of Object.entries(table)) {
    const where = { file, line: read.line([...path, key]) }
    if (![...known, ...FORK_KEYS].includes(key)) {
      checkup.fault(where, {
        rule: 'hosts-key',
        effect: 'unused',
        problem: `${key} is no key of ${path.length === 0 ? 'hosts.toml' : 'a host'}: it is not read`,
        fix: `the keys are ${known.join(', ')}`,
      })
      continue
    }
    const reason = valueFault(key, value)
    if (reason === undefined) {
      if (key === 'ca' || key === 'client') checkCertificates(checkup, where, key, value)
      continue
    }
    isDropped = true
    dropped(checkup, where, reason, 'mend the value')
  }
  return isDropped
}

function valueFault(key: string, value: unknown): string | undefined {
  if (key === 'capabilities') {
    if (!Array.isArray(value)) return 'capabilities is no list'
    const unknown = value.find((one) => !CAPABILITIES.includes(String(one).toLowerCase()))
    return unknown === undefined
      ? undefined
      : `unknown capability ${JSON.stringify(unknown)}, of ${CAPABILITIES.join(', ')}`
  }
  if (key === 'skip_verify' || key === 'override_path') {
    return typeof value === 'boolean' ? undefined : `${key} is ${JSON.stringify(value)}, not true or false`
  }
  if (key === 'server') return typeof value === 'string' ? undefined : 'server is no text'
  if (key === 'host' || key === 'header') return isTable(value) ? undefined : `${key} is no table`
  return undefined
}

/** containerd logs an error, and pulls as if there were no file (`loadHostDir`). */
export function dropped(checkup: Checkup, where: Where, reason: string, fix: string): void {
  checkup.fault(where, {
    rule: 'hosts-dropped',
    effect: 'unused',
    problem: `containerd drops the whole file: ${reason}`,
    fix,
  })
}

/** Files that are named and missing fail each pull of that registry. */
function checkCertificates(checkup: Checkup, where: Where, key: string, value: unknown): void {
  const names = [value].flat(2).filter((one) => typeof one === 'string')
  for (const name of names) {
    const path = pathFrom(where.file, name)
    if (checkup.files.read(path) !== undefined) continue
    checkup.fault(where, {
      rule: 'certificate-missing',
      effect: 'broken',
      problem: `${key} is ${path}, which is not there: each pull of this registry fails`,
      fix: `put the file there, or take ${key} out`,
    })
  }
}
