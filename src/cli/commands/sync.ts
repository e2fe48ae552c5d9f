import type { SyncConfig, TagFilters } from '../../config/config.ts'
import { sync } from '../../replication/sync.ts'
import { walk } from '../../replication/walk.ts'
import { WalkMemory } from '../../replication/walk-memory.ts'
import { requireSeparatePlaces } from '../check-real-places.ts'
import { commandRuntime } from '../command-runtime.ts'
import { interruptible } from '../interruption.ts'
import { printJson, progressOutput } from '../print.ts'
import { createCopyBoard } from '../progress/copy-board.ts'
import { createProgress } from '../progress/progress.ts'
import { nameOf, readConfig } from '../read-config.ts'
import { readSigningKey } from '../signing-key.ts'
import { filledBackends, openFilledRegistry, openTarget, openUpstream, syncSection } from '../sync-parts.ts'
import { describeSync, syncExitCode } from '../sync-report.ts'
import { takeJournal } from '../take-journal.ts'
import type { SyncOptions } from './sync-spec.ts'

/** Fills the stores and registries of a config from its upstream, and says what was done; gives the exit code. */
export async function runSync(options: SyncOptions): Promise<number> {
  const { verify, trustExisting, recheck, takeLease, dryRun, json } = options
  const config = await readConfig(options.config)
  await requireSeparatePlaces(config, nameOf(options.config))
  const section = applyFlags(syncSection(config), options)
  const { stores, upstreams } = filledBackends(config, options.store)
  const signer = await readSigningKey(config)
  const targets = await Promise.all(stores.map(openTarget))
  const progress = createProgress({
    output: progressOutput(),
    clock: commandRuntime,
    colour: !process.env.NO_COLOR,
    board: createCopyBoard(),
  })
  const workspace = await takeJournal(section, options, progress)
  const interruption = interruptible(progress.say, 'leaving what is under way for the next run')
  try {
    const { signal } = interruption
    const upstream = openUpstream(config, section, signal, progress.report)
    const memory = await WalkMemory.open(workspace, {
      ...{ location: upstream.location, runtime: commandRuntime },
      // Then the inventories are to list what the tags lead to and nothing else.
      recheck: recheck ? 0 : section.referrersRecheck,
    })
    const report = await sync({
      runtime: commandRuntime,
      upstream,
      walk: (signal) => walk(upstream, section, { workspace, memory, report: progress.report, signal }),
      targets,
      registries: upstreams.map((each) => openFilledRegistry(each, section, signal, progress.report)),
      workspace,
      ...(signer && { signer }),
      report: progress.report,
      signal,
      options: { concurrency: section.concurrency, verify, trustExisting, recheck, takeLease, dryRun },
    })
    progress.end()
    if (json) printJson(report)
    else process.stdout.write(describeSync(report))
    return syncExitCode(report)
  } finally {
    progress.end()
    await Promise.all([workspace.close(), ...targets.map(({ objects }) => objects.close())]).finally(
      interruption[Symbol.dispose],
    )
  }
}

/** The section with what the command line says instead. */
function applyFlags(section: SyncConfig, options: SyncOptions): SyncConfig {
  const { repository, tag, platform = section.platforms, concurrency = section.concurrency } = options
  const { referrersRecheck = section.referrersRecheck } = options
  const withTag = (tags: TagFilters) => ({ ...tags, ...(tag && { include: tag }) })
  return {
    ...section,
    repositories: { ...section.repositories, ...(repository && { include: repository }) },
    tags: withTag(section.tags),
    perRepository: section.perRepository.map((entry) => ({ ...entry, tags: withTag(entry.tags) })),
    platforms: platform,
    referrersRecheck,
    concurrency,
  }
}
