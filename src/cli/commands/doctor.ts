import { statSync } from 'node:fs'
import { redact } from '../../doctor/errors/redact.ts'
import { type ComparedReport, compareReports, parseReport } from '../../doctor/network/compare.ts'
import { examine } from '../../doctor/network/examine.ts'
import type { NetworkReport, Verdict } from '../../doctor/network/report.ts'
import { PortolanError } from '../../errors.ts'
import type { Platform } from '../../oci/manifest.ts'
import { parseReference } from '../../oci/reference.ts'
import { kubernetesReleases } from '../../releases/kubernetes-releases.ts'
import { commandRuntime } from '../command-runtime.ts'
import { EXIT } from '../exit-code.ts'
import { interruptible } from '../interruption.ts'
import { formatAllowList, formatDifferences, formatNetworkReport, formatSummary } from '../network-report.ts'
import { printable, printJson, printJsonLine, say } from '../print.ts'
import { readTextAt } from '../read-endpoints.ts'
import { readRuntimeView } from '../runtime-view/runtime-view.ts'
import { watchPull } from '../watch-pull.ts'
import { runDoctorError } from './doctor-error.ts'
import type { DoctorOptions } from './doctor-spec.ts'

const CODES: Readonly<Record<Verdict, number>> = {
  pass: EXIT.done,
  warn: EXIT.done,
  fail: EXIT.failed,
  unknown: EXIT.unreachable,
}

/** As Go calls the processors that Node runs on. */
const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, string>>> = { x64: 'amd64', ia32: '386' }

/**
 * Pulls an image as a runtime would and says what keeps it from working, or explains a text. Gives the exit code: 1 where
 * the pull fails, 3 where that cannot be known from here.
 */
export async function runDoctor(image: string | undefined, options: DoctorOptions): Promise<number> {
  const { error, json, allowlist, compare, door, platform } = options
  if (error !== undefined) return runDoctorError(error, json)
  const { sockets } = commandRuntime
  if (sockets === undefined) throw new PortolanError('USAGE', 'this runtime lends no sockets')
  const asked = parseReference(image ?? lastPause(door))
  const other = compare === undefined ? undefined : await readReport(compare)
  checkRoot(options.root)
  const { reference, notRead, ...view } = readRuntimeView({ ...options, reference: asked })
  for (const { path, reason } of notRead) console.error(printable(`not read: ${path}: ${reason}`))
  say(`pulling as ${view.facts.runtime} would, from ${view.facts.endpoints.join(', then ') || 'nowhere'}`)
  const attempt = () =>
    examine(
      { ...view, image: { reference, platform: platform ?? thisPlatform() } },
      { ...commandRuntime, sockets },
    )
  if (options.watch !== undefined) return watch(attempt, options.watch, json)
  const report = await attempt()
  const differences = other && compareReports(other, report)
  if (json) printJson({ ...report, ...(differences && { differences }) })
  else {
    process.stdout.write(`${allowlist ? formatAllowList(report) : formatNetworkReport(report)}\n`)
    if (differences) process.stdout.write(`\n${formatDifferences(differences)}\n`)
  }
  return CODES[report.summary.verdict]
}

/** Says what changes until Ctrl-C; gives the code of the last try. */
async function watch(attempt: () => Promise<NetworkReport>, every: number, json: boolean): Promise<number> {
  const interruption = interruptible(say, 'reporting nothing more')
  try {
    const last = await watchPull(attempt, {
      every,
      signal: interruption.signal,
      runtime: commandRuntime,
      onChange(report, isFirst) {
        const at = new Date().toISOString()
        if (json) printJsonLine({ at, ...report })
        else {
          if (isFirst) process.stdout.write(`${formatNetworkReport(report)}\n\n`)
          process.stdout.write(`${at} ${formatSummary(report)}\n`)
        }
      },
    })
    return last === undefined ? EXIT.failed : CODES[last.summary.verdict]
  } finally {
    interruption[Symbol.dispose]()
  }
}

/** A machine that is not there would read as one without settings. */
function checkRoot(root: string): void {
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory()) return
  throw new PortolanError('USAGE', `--root is ${JSON.stringify(root)}, which is no folder here`)
}

async function readReport(at: string): Promise<ComparedReport> {
  const text = await readTextAt(at)
  // The query of a link may be what lets its reader in.
  const location = redact(at)
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (cause) {
    throw new PortolanError(
      'CONTENT_INVALID',
      `${location} is not what doctor --json prints: it is no JSON`,
      { location },
      cause,
    )
  }
  return parseReport(content, location)
}

/** A small image that every node has; a door has it by its own name. */
function lastPause(door: string | undefined): string {
  const [major, minor] = kubernetesReleases.last.split('.').map(Number) as [number, number]
  const name = `pause:${kubernetesReleases.images({ major, minor }).pause ?? '3.10'}`
  return door === undefined ? `registry.k8s.io/${name}` : name
}

function thisPlatform(): Platform {
  return { os: 'linux', architecture: ARCHITECTURES[process.arch] ?? process.arch }
}
