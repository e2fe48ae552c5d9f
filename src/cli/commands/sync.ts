import { systemClock } from '../../adapters/clock.ts'
import { createHash } from '../../adapters/hash.ts'
import type { SyncConfig } from '../../config/config.ts'
import { readPattern } from '../../config/pattern.ts'
import { isRefusal } from '../../config/refusal.ts'
import { PortolanError } from '../../errors.ts'
import { readPlatform } from '../../replication/platforms.ts'
import { sync } from '../../replication/sync.ts'
import { walk } from '../../replication/walk.ts'
import { openWorkspace } from '../../storage/fs/workspace.ts'
import { interruptible } from '../interruption.ts'
import { createCopyBoard } from '../progress/copy-board.ts'
import { createProgress } from '../progress/progress.ts'
import { readConfig } from '../read-config.ts'
import { readSigningKey } from '../signing-key.ts'
import { filledStores, openTarget, openUpstream, syncSection, usage } from '../sync-parts.ts'
import { describeSync, syncExitCode } from '../sync-report.ts'

export interface SyncCommandOptions {
  readonly config: string
  readonly dryRun?: boolean
  /** Of the stores, only these. */
  readonly store?: readonly string[]
  /** In place of the config's patterns. */
  readonly repository?: readonly string[]
  readonly tag?: readonly string[]
  readonly platform?: readonly string[]
  readonly concurrency?: number
  readonly verify: 'sample' | 'full'
  readonly trustExisting?: boolean
  readonly recheck?: boolean
  readonly json?: boolean
}

/** Fills the stores of a config from its upstream, and says what was done; gives the exit code. */
export async function runSync(options: SyncCommandOptions): Promise<number> {
  const { verify, trustExisting = false, recheck = false, dryRun = false, json = false } = options
  const config = await readConfig(options.config)
  const section = applyFlags(syncSection(config), options)
  const stores = filledStores(config, options.store)
  const prove = await readSigningKey(config)
  const targets = await Promise.all(stores.map(openTarget))
  const workspace = await openWorkspace(section.journal)

  const progress = createProgress({
    output: process.stderr,
    clock: systemClock,
    colour: !process.env.NO_COLOR,
    board: createCopyBoard(),
  })
  using interruption = interruptible(progress.say, 'leaving what is under way for the next run')
  const upstream = openUpstream(config, section, interruption.signal)
  try {
    const report = await sync({
      upstream,
      walk: (signal) => walk(upstream, section, { workspace, report: progress.report, signal }),
      targets,
      workspace,
      createHash,
      clock: systemClock,
      random: Math.random,
      ...(prove && { prove }),
      report: progress.report,
      signal: interruption.signal,
      options: { concurrency: section.concurrency, verify, trustExisting, recheck, dryRun },
    })
    progress.end()
    process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : describeSync(report))
    return syncExitCode(report)
  } finally {
    progress.end()
    await Promise.all([workspace.close(), ...targets.map(({ objects }) => objects.close())])
  }
}

/** The section with what the command line says instead. Throws `USAGE`, naming the flag. */
function applyFlags(section: SyncConfig, options: SyncCommandOptions): SyncConfig {
  const { repository, tag, platform = section.platforms, concurrency = section.concurrency } = options
  return {
    ...section,
    repositories: {
      ...section.repositories,
      ...(repository && { include: patterns('--repository', repository) }),
    },
    tags: { ...section.tags, ...(tag && { include: patterns('--tag', tag) }) },
    platforms: platform.map((text) => {
      try {
        readPlatform(text)
        return text
      } catch (error) {
        if (error instanceof PortolanError) throw usage(`--platform ${error.message}`)
        throw error
      }
    }),
    concurrency,
  }
}

function patterns(flag: string, texts: readonly string[]): readonly string[] {
  for (const text of texts) {
    const read = readPattern(text)
    if (isRefusal(read)) throw usage(`${flag} ${JSON.stringify(text)} ${read.refused}`)
  }
  return texts
}
