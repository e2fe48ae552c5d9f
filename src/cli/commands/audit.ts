import { createInterface } from 'node:readline/promises'
import { ownershipPolicyOf } from '../../backends/ownership/ownership-policy.ts'
import { audit } from '../../replication/audit.ts'
import type { AuditOptions as ReplicationAuditOptions } from '../../replication/audit-options.ts'
import { formatAudit } from '../../replication/format-audit.ts'
import { withLease } from '../../replication/leased-store.ts'
import { type DeletedOrphans, deleteOrphans, type Orphan } from '../../replication/orphans.ts'
import type { SampleSize } from '../../replication/sample-size.ts'
import type { Target } from '../../replication/target.ts'
import { walk } from '../../replication/walk.ts'
import { layered } from '../../transport/fetch.ts'
import { withUserAgent } from '../../transport/user-agent.ts'
import { auditExitCode, describeDeletion, describeOrphans, oldOrphans } from '../audit-report.ts'
import { commandRuntime } from '../command-runtime.ts'
import { EXIT } from '../exit-code.ts'
import { formatBytes, formatCount } from '../format-quantity.ts'
import { interruptible } from '../interruption.ts'
import { printJson, progressOutput } from '../print.ts'
import { createAuditBoard } from '../progress/audit-board.ts'
import { createProgress } from '../progress/progress.ts'
import { readConfig } from '../read-config.ts'
import { filledBackends, openFilledRegistry, openTarget, openUpstream, syncSection } from '../sync-parts.ts'
import { takeJournal } from '../take-journal.ts'
import type { AuditOptions } from './audit-spec.ts'

/** For one request as a client makes it, body included: it is at most 1 MiB. In milliseconds. */
const CLIENT_TIMEOUT = 30_000

/** Without any credential; a timer of the runtime's own does not keep the process alive. */
const fetchAsClient = layered(
  (url, init) => commandRuntime.fetch(url, { ...init, signal: AbortSignal.timeout(CLIENT_TIMEOUT) }),
  withUserAgent(commandRuntime.userAgent),
)

/** Says what is wrong with the stores and registries of a config, and deletes orphans when told to; gives the exit code. */
export async function runAudit(options: AuditOptions): Promise<number> {
  const { deleteOrphans: mayDelete, yes, json } = options
  const config = await readConfig(options.config)
  const section = syncSection(config)
  const { stores, upstreams } = filledBackends(config, options.store)
  const ownership = await ownershipPolicyOf(config)
  const targets = await Promise.all(stores.map(openTarget))
  const progress = createProgress({
    output: progressOutput(),
    clock: commandRuntime,
    colour: !process.env.NO_COLOR,
    board: createAuditBoard(),
  })
  const workspace = await takeJournal(section, options, progress)
  const examine = async (signal: AbortSignal) => {
    const upstream = openUpstream(config, section, signal, progress.report)
    const reachable = await walk(upstream, section, { workspace, report: progress.report, signal })
    const registries = upstreams.map((each) => openFilledRegistry(each, section, signal, progress.report))
    const parts = {
      runtime: { ...commandRuntime, fetch: fetchAsClient },
      content: sampleSizeOf(options),
      ...(ownership && { ownership }),
      excused: new Set(stores.filter(({ proof }) => proof === undefined).map(({ id }) => id)),
      announce: (message) => progress.report({ kind: 'note', message }),
      report: (event) => progress.report({ kind: 'audit', ...event }),
      signal,
    } satisfies ReplicationAuditOptions
    const report = await audit(reachable, targets, parts, registries)
    return { reachable, report }
  }
  try {
    const examined = await unlessInterrupted(progress.say, examine)
    if (examined === undefined) {
      if (json) printJson({ error: { code: 'INTERRUPTED', message: 'interrupted: nothing is reported' } })
      return EXIT.failed
    }
    const { reachable, report } = examined
    progress.end()
    if (!json) process.stdout.write(formatAudit(report))

    let deletion: DeletedOrphans | undefined
    if (mayDelete) {
      const leased = targets.map((target) => withLease(target, workspace.check))
      const old = oldOrphans(report, options.olderThan)
      if (!json || !yes) process[json ? 'stderr' : 'stdout'].write(describeOrphans(old, report.at))
      if (old.length > 0 && (yes || (await confirm(old)))) deletion = await deleteAll(old, leased, options)
      if (deletion && !json) process.stdout.write(describeDeletion(deletion))
    }
    if (json) printJson({ ...report, ...(deletion && { deletion }) })
    return auditExitCode(report, reachable.faults)
  } finally {
    progress.end()
    await Promise.all([workspace.close(), ...targets.map(({ objects }) => objects.close())])
  }
}

function sampleSizeOf({ full, sample, confidence, below }: AuditOptions): SampleSize {
  return full ? 'full' : (sample ?? { confidence, below })
}

/** What an action gives; nothing when Ctrl-C or SIGTERM ended it. */
async function unlessInterrupted<T>(
  say: (line: string) => void,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const interruption = interruptible(say, 'reporting nothing')
  try {
    return await action(interruption.signal)
  } catch (error) {
    if (interruption.signal.aborted) return undefined
    throw error
  } finally {
    interruption[Symbol.dispose]()
  }
}

function deleteAll(
  orphans: readonly Orphan[],
  targets: readonly Target[],
  { olderThan }: AuditOptions,
): Promise<DeletedOrphans> {
  return deleteOrphans(orphans, targets, { olderThan, now: Date.now() })
}

/** Asks on the terminal; anything but "yes" is no. */
async function confirm(orphans: readonly Orphan[]): Promise<boolean> {
  const bytes = orphans.reduce((sum, { size }) => sum + size, 0)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // Ctrl-C is a key here and no signal; with Ctrl-D no answer would ever come.
  const gone = new AbortController()
  for (const event of ['SIGINT', 'close']) terminal.once(event, () => gone.abort())
  try {
    const what = `${formatCount(orphans.length, 'object')} (${formatBytes(bytes)})`
    const answer = await terminal.question(`Delete ${what}? Type "yes": `, { signal: gone.signal })
    return answer.trim() === 'yes'
  } catch (error) {
    if (gone.signal.aborted) return false
    throw error
  } finally {
    terminal.close()
  }
}
