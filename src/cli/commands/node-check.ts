import { resolve } from 'node:path'
import { redactFacts } from '../../doctor/network/redact-facts.ts'
import { PortolanError } from '../../errors.ts'
import type { NodeMirror } from '../../migrate/mirror-config/node-mirror.ts'
import { checkNamedFiles, checkNode, type NodeCheck } from '../../migrate/node-check/check-node.ts'
import type { CheckRequest } from '../../migrate/node-check/checkup.ts'
import { checkMirrorUse } from '../../migrate/node-check/mirror-use.ts'
import type { CheckFinding, CheckMirror, CheckReport } from '../../migrate/node-check/report.ts'
import { EXIT } from '../exit-code.ts'
import { createMachineFiles } from '../node-files.ts'
import { printable, say } from '../print.ts'
import { formatTable } from '../table.ts'

export interface NodeCheckOptions extends CheckRequest {
  /** The folder that stands for the root of the machine. */
  readonly root: string
  /** Only the settings of this one. */
  readonly tool?: string
  readonly json: boolean
  /** What pulls are to go through. */
  readonly mirror?: NodeMirror
}

/** Files that are known by their names and what is in them, for who names another one. */
const KNOWN_FILES =
  'hosts.toml, config.toml of containerd, registries.conf, policy.json, daemon.json, registries.yaml, configs of kubeadm and Talos, clusters of kOps, image mirror sets of OpenShift'

/**
 * Says what a machine's settings, or the files that are named, send pulls to, and what of them has no effect. Gives the
 * exit code: 1 with findings, and with files that cannot be read, since these may hold some.
 */
export function runNodeCheck(paths: readonly string[], options: NodeCheckOptions): number {
  const files = createMachineFiles(paths.length > 0 ? '/' : options.root)
  const check = paths.length > 0 ? checkNamed(files, paths, options) : checkNode(files, options, options.tool)
  const uses = options.mirror === undefined ? [] : checkMirrorUse(check, options.mirror, options.tool)
  const report: CheckReport = {
    version: 1,
    root: paths.length > 0 ? '/' : options.root,
    files: check.files,
    // A login may stand in the address of a mirror, and what is found is there to be passed on.
    mirrors: redactFacts(check.mirrors),
    findings: redactFacts([...check.findings, ...uses]),
    notRead: files.notRead,
  }
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  else print(report)
  return report.findings.length > 0 || report.notRead.length > 0 ? EXIT.failed : EXIT.done
}

function checkNamed(
  files: ReturnType<typeof createMachineFiles>,
  paths: readonly string[],
  options: CheckRequest,
): NodeCheck {
  const { unknown, ...check } = checkNamedFiles(
    files,
    paths.map((path) => resolve(path)),
    options,
  )
  const [first] = unknown
  if (first === undefined) return check
  const unread = files.notRead.find(({ path }) => path === first)
  if (unread !== undefined || files.read(first) === undefined) {
    const reason = unread?.reason ?? 'there is no such file'
    throw new PortolanError('FILE_UNREADABLE', `cannot read ${first}: ${reason}`, { file: first })
  }
  throw new PortolanError('USAGE', `${first} is none of the settings that are checked: ${KNOWN_FILES}`, {
    file: first,
  })
}

function print({ files, mirrors, findings, notRead }: CheckReport): void {
  if (mirrors.length > 0) {
    process.stdout.write(
      `${formatTable(['tool', 'pulls of', 'go to', '', 'then to', 'by'], mirrors.map(mirrorRow))}\n`,
    )
  }
  if (findings.length > 0) {
    process.stdout.write(`${mirrors.length > 0 ? '\n' : ''}${findings.map(formatFinding).join('\n')}\n`)
  }
  for (const { path, reason } of notRead) console.error(printable(`not read: ${path}: ${reason}`))
  const used = mirrors.filter(({ state }) => state === 'used').length
  say(
    [
      count(files.length, 'file'),
      mirrors.length === used ? count(used, 'mirror') : `${used} of ${count(mirrors.length, 'mirror')} used`,
      count(findings.length, 'finding'),
      ...(notRead.length > 0 ? [`${notRead.length} not read`] : []),
    ].join(', '),
  )
}

function mirrorRow({ tool, registry, asks, state, fallback, file, line }: CheckMirror): string[] {
  const row = [tool, registry, asks, state === 'used' ? '' : state, fallback ?? 'nobody', `${file}:${line}`]
  return row.map(printable)
}

function formatFinding({ file, line, effect, problem, versions, fix }: CheckFinding): string {
  const whose = versions === undefined ? '' : ` (${versions})`
  return `${printable(`${file}:${line}: ${effect}: ${problem}${whose}`)}\n    ${printable(fix)}`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
