import { rename, rm, stat, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { logFile, type Replayed } from '../../adapters/simulate/replay-logs.ts'
import { SpooledInput } from '../../adapters/simulate/spooled-input.ts'
import {
  type SyntheticOptions,
  syntheticSource,
  writeSyntheticLog,
} from '../../adapters/simulate/synthetic-source.ts'
import type { Config, RuleConfig } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import { type AssumedFacts, assumptionsOf } from '../../simulate/assumptions.ts'
import { type EstimatedSizes, USUAL_SIZES } from '../../simulate/content-sizes.ts'
import type { PolicySetup } from '../../simulate/open-replay.ts'
import { type PolicyReport, reportPolicies } from '../../simulate/report.ts'
import { REQUESTS_PER_MONTH } from '../../simulate/synthetic/synthetic-log.ts'
import { EXIT } from '../exit-code.ts'
import { interruptible } from '../interruption.ts'
import { printLongJson, progressOutput, say, sayError } from '../print.ts'
import { type SimulationPage, simulationPage } from '../simulate-html/page.ts'
import { type PacedReplay, replayPaced } from '../simulate-paced.ts'
import { grouped, percent } from '../simulate-quantities.ts'
import { formatLogs, formatPolicies } from '../simulate-report.ts'
import { readInventories, readPolicies, type SimulatedPolicy } from '../simulate-setup.ts'
import type { SimulateOptions } from './simulate-spec.ts'

/** Replays logs against configs and says who would answer what; gives the exit code. */
export async function runSimulate(files: readonly string[], options: SimulateOptions): Promise<number> {
  const { config, requests, seed, write } = options
  if (write !== undefined) {
    if (!(await writeLog(write, { requests, seed }))) return EXIT.failed
    say(`${write}: ${grouped(requests)} requests, each for ${grouped(timesOf(options))} of a month`)
  }
  return config === undefined ? EXIT.done : replay(files, config, options)
}

/** Gives false when it was interrupted. */
async function writeLog(file: string, options: SyntheticOptions): Promise<boolean> {
  const interruption = interruptible((line) => console.error(`portolan: ${line}`), 'nothing is written')
  try {
    await writeSyntheticLog(file, options, interruption.signal)
    return true
  } catch (error) {
    if (interruption.signal.aborted) return false
    throw error
  } finally {
    interruption[Symbol.dispose]()
  }
}

async function replay(
  files: readonly string[],
  config: readonly string[],
  options: SimulateOptions,
): Promise<number> {
  const policies = await readPolicies(config, {
    down: options.down ?? [],
    withoutSponsors: options.withoutSponsor ?? [],
    prices: options.prices ?? [],
    fillFrom: options.fillFrom,
  })
  const inventories = await readInventories(options.inventory ?? [], policies)
  const sizes = { ...USUAL_SIZES, blob: options.blobSize }
  const times = timesOf(options)
  const isTwice = policies.some(({ payers }) => payers.length > 0)
  const spool = isTwice && files.includes('-') ? await SpooledInput.read() : undefined
  const logs = options.synthetic
    ? [syntheticSource(options)]
    : files.map((file) => (file === '-' && spool !== undefined ? spool : logFile(file)))
  const progress = createProgress(options.synthetic ? undefined : await sizeOf(files))
  let paced: PacedReplay
  try {
    paced = await replayPaced(logs, policies, {
      setup: { policies: policies.map(setupOf), inventories, sizes },
      times,
      options: {
        ...(options.format !== undefined && { format: options.format }),
        threads: options.threads ?? availableParallelism(),
        onProgress: progress.step,
      },
      onSecond: progress.again,
    })
  } finally {
    progress.end()
    await spool?.[Symbol.asyncDispose]()
  }
  const { replayed, foreseen } = paced
  const notes = policies.map((policy, index) => ({
    ...policy,
    ...(foreseen[index] && { foreseen: foreseen[index] }),
  }))
  const reports = reportPolicies(notes, replayed.state, times)
  const facts = factsOf(policies, paced, reports[0]!, { inventories, sizes, times })
  const assumptions = assumptionsOf({ ...facts, synthetic: options.synthetic })
  const lines = linesOf(replayed)
  const document = documentOf(replayed, lines)
  if (options.html !== undefined)
    await writePage(options.html, simulationPage({ ...document, assumptions, policies: reports }))
  if (options.json) await printLongJson({ ...document, times, assumptions, policies: reports })
  else {
    process.stdout.write(`${formatLogs(replayed.logs).join('\n')}\n${periodOf(replayed)}\n`)
    process.stdout.write(`${formatPolicies(reports)}\n\nAssumed:\n`)
    process.stdout.write(assumptions.map((sentence) => `  - ${sentence}\n`).join(''))
  }
  return exitCodeOf(lines, options.maxUnknown)
}

/** What a policy's thread needs of it. */
function setupOf({ config, down, snapshot }: SimulatedPolicy): PolicySetup {
  return { config, down, ...(snapshot && { snapshot }) }
}

/** A synthetic log is of a month, whatever the number of its requests. */
function timesOf({ times, synthetic, requests }: SimulateOptions): number {
  return times ?? (synthetic ? Math.max(1, Math.round(REQUESTS_PER_MONTH / requests)) : 1)
}

type SimulationDocument = Omit<SimulationPage, 'policies' | 'assumptions'> & Readonly<Record<string, unknown>>

/** Writes a page, whole or not at all. Throws `FILE_UNWRITABLE`. */
async function writePage(file: string, page: string): Promise<void> {
  const draft = join(dirname(file), `.${basename(file)}.${process.pid}.portolan-draft`)
  try {
    await writeFile(draft, page)
    await rename(draft, file)
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => {})
    throw new PortolanError(
      'FILE_UNWRITABLE',
      `cannot write ${file}: ${(cause as Error).message}`,
      { file },
      cause,
    )
  }
}

interface Lines {
  readonly all: number
  readonly requests: number
  readonly unknown: number
}

function linesOf({ logs }: Replayed): Lines {
  const total = (of: 'lines' | 'requests' | 'unknown') => logs.reduce((sum, log) => sum + log[of], 0)
  return { all: total('lines'), requests: total('requests'), unknown: total('unknown') }
}

function documentOf(
  { logs, state: { refused, pages, first, last } }: Replayed,
  lines: Lines,
): SimulationDocument {
  return {
    logs,
    requests: lines.requests,
    unknownLines: lines.unknown,
    refusedRequests: refused,
    pageRequests: pages,
    ...(lines.requests > 0 && { from: isoOf(first), until: isoOf(last) }),
  }
}

function periodOf({ state: { first, last, refused, pages } }: Replayed): string {
  if (first > last) return ''
  const parts = [
    `from ${isoOf(first)} to ${isoOf(last)}`,
    ...(refused > 0 ? [`${grouped(refused)} that a door refuses to read`] : []),
    ...(pages > 0 ? [`${grouped(pages)} for its pages`] : []),
  ]
  return `${parts.join('; ')}\n`
}

function isoOf(moment: number): string {
  return new Date(moment).toISOString()
}

function exitCodeOf({ all, requests, unknown }: Lines, most: number): number {
  if (100 * unknown > most * all) {
    say(
      `portolan: ${percent(unknown, all)} % of the lines cannot be read; --max-unknown ${most} allows ${most} %`,
    )
    return EXIT.failed
  }
  if (requests > 0) return EXIT.done
  sayError(new PortolanError('CONTENT_INVALID', 'the logs have no request'))
  return EXIT.failed
}

function factsOf(
  policies: readonly SimulatedPolicy[],
  { replayed: { logs, forgetsDuplicates }, foreseen }: PacedReplay,
  first: PolicyReport,
  {
    inventories,
    sizes,
    times,
  }: {
    readonly inventories: ReadonlyMap<string, unknown>
    readonly sizes: EstimatedSizes
    readonly times: number
  },
): Omit<AssumedFacts, 'synthetic'> {
  const stores = policies.flatMap(({ config }) => config.stores)
  const named = (by: SimulatedPolicy['by']) =>
    policies.filter((each) => each.by === by).map(({ name }) => name)
  return {
    masked: logs.filter(({ masked }) => masked > 0).map(({ file }) => file),
    unaddressed: logs.filter(({ unaddressed }) => unaddressed > 0).map(({ file }) => file),
    hasDraws: policies.some(({ config }) => isDrawnBy(config)),
    hasPrefixes: policies.some(({ config }) => rulesOf(config).some(({ when }) => when.prefix !== undefined)),
    formats: logs.flatMap(({ format }) => format ?? []),
    estimatedShare: first.bytes === 0 ? 0 : first.estimatedBytes / first.bytes,
    sizes,
    unlisted: stores.filter(({ id }) => !inventories.has(id)).map(({ id }) => id),
    anycast: stores.filter(({ at }) => at === 'anycast').map(({ id }) => id),
    withoutLists: named('networks'),
    withoutRanges: named('nothing'),
    prices: [...new Set(policies.flatMap(({ accounts }) => accounts.map(({ table }) => table)))],
    origins: policies.map(({ origin }) => origin),
    times,
    budgetMinutes: foreseen.reduce<number | undefined>(
      (most, each) => (each === undefined ? most : Math.max(most ?? 1, each.minutes)),
      undefined,
    ),
    hasSpill: policies.some(({ config }) => config.spill !== undefined),
    hasEndpoints: policies.some(({ config }) => config.endpoints !== undefined),
    forgetsDuplicates,
  }
}

/** By splits, canaries, or the paces of budgets. */
function isDrawnBy(config: Config): boolean {
  const isSplit = ({ prefer }: RuleConfig) => prefer.some((entry) => typeof entry !== 'string')
  const { policies, sponsors } = config
  return policies !== undefined || sponsors !== undefined || rulesOf(config).some(isSplit)
}

function rulesOf({ routing, policies = [] }: Config): readonly RuleConfig[] {
  return [...routing, ...policies.flatMap((policy) => policy.routing)]
}

/** Bytes of all logs; `undefined` where that is not known, as of standard input. */
async function sizeOf(logs: readonly string[]): Promise<number | undefined> {
  const sizes = await Promise.all(logs.map((log) => stat(log).catch(() => undefined)))
  return sizes.every((found) => found?.isFile())
    ? sizes.reduce((sum, found) => sum + found!.size, 0)
    : undefined
}

/** Says on a terminal how far it is. */
function createProgress(size: number | undefined): {
  step(bytes: number, lines: number): void
  /** Begins anew: the logs are read once more. */
  again(): void
  end(): void
} {
  const output = progressOutput()
  if (!output.isTTY) return { step() {}, again() {}, end() {} }
  let [bytes, lines, last] = [0, 0, 0]
  let round = ''
  return {
    step(moreBytes, moreLines) {
      bytes += moreBytes
      lines += moreLines
      if (performance.now() - last < 100) return
      last = performance.now()
      const share = size === undefined ? '' : `, ${Math.floor((100 * bytes) / Math.max(1, size))} %`
      output.write(`\r${round}${grouped(lines)} lines${share}\u001b[K`)
    },
    again() {
      ;[bytes, lines, last] = [0, 0, 0]
      round = 'once more, by the paces of sponsors: '
    },
    end: () => output.write('\r\u001b[K'),
  }
}
