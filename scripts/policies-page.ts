// Writes into docs/policies.md what its policies are and what `portolan simulate` makes of them:
//   node scripts/policies-page.ts            # after a policy, prices or the simulation have changed
//   node scripts/policies-page.ts --check    # says whether the page is so already: 0, or 1
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { formatBytes } from '../src/cli/format-quantity.ts'
import { grouped, percent } from '../src/cli/simulate-quantities.ts'
import { formatMonth, formatPaces } from '../src/cli/simulate-sponsors.ts'
import type { Money } from '../src/simulate/bill-report.ts'
import type { PolicyReport } from '../src/simulate/report.ts'

const ROOT = join(import.meta.dirname, '..')
export const PAGE = join(ROOT, 'docs/policies.md')
const FOLDER = 'examples/policies'

/** What is replayed: few enough for a test, and enough for shares within about a percent. */
const LOG = '--synthetic --requests 20000 --seed 1'
const PRICES = '--prices aws --prices gcp --prices cdn'

/** By the name of its block on the page: a policy, and the one that it is compared with. */
const COMPARED = {
  'same-cloud-first': 'registries-alone',
  'cdn-for-the-rest': 'same-cloud-first',
  'sponsor-pacing': 'cdn-for-the-rest',
  'country-without-a-provider': 'cdn-for-the-rest',
  canary: 'same-cloud-first',
} as const

type Reports = ReadonlyMap<string, PolicyReport>

/** The page with all its blocks made anew; `threads` replay the log, as many as there are cores without it. */
export async function policiesPage(page: string, threads?: number): Promise<string> {
  const names = [...new Set(Object.entries(COMPARED).flat())]
  const [all, withoutSponsor] = await Promise.all([
    simulate(names.map(configOf), '', threads),
    simulate([configOf('sponsor-pacing')], '--without-sponsor acme', threads),
  ])
  const reports = new Map(names.map((name, index) => [name, all[index]!]))
  const blocks = new Map(Object.keys(COMPARED).map((name) => [name, policyBlock(name, reports)]))
  blocks.set('without-sponsor', withoutBlock(withoutSponsor))
  const found: string[] = []
  const text = page.replace(/(<!-- made: (\S+) -->\n).*?(<!-- end -->)/gs, (_, start, name: string, end) => {
    const block = blocks.get(name)
    if (block === undefined) throw new Error(`${PAGE}: no block is called ${name}`)
    found.push(name)
    return `${start}\n${block}\n\n${end}`
  })
  const missing = [...blocks.keys()].filter((name) => !found.includes(name))
  if (missing.length > 0) throw new Error(`${PAGE}: there is no <!-- made: ${missing[0]} -->`)
  return text
}

function configOf(name: string): string {
  return `${FOLDER}/${name}.yaml`
}

function commandOf(configs: readonly string[], more: string): string {
  const words = [LOG, ...configs.map((config) => `--config ${config}`), PRICES, more]
  return `simulate ${words.filter((word) => word !== '').join(' ')}`
}

/** By the command itself. Nothing but the log says where clients are. */
async function simulate(
  configs: readonly string[],
  more: string,
  threads: number | undefined,
): Promise<readonly PolicyReport[]> {
  const words = ['src/cli/main.ts', ...commandOf(configs, more).split(' '), '--json']
  const { stdout } = await promisify(execFile)(
    process.execPath,
    threads === undefined ? words : [...words, '--threads', String(threads)],
    { cwd: ROOT, env: { ...process.env, RANGES: join(ROOT, 'no-ranges.bin') }, maxBuffer: 64 * 1024 ** 2 },
  )
  return JSON.parse(stdout).policies
}

function policyBlock(name: string, reports: Reports): string {
  const against = COMPARED[name as keyof typeof COMPARED]
  const [before, after] = [reports.get(against)!, reports.get(name)!]
  return [
    `\`\`\`yaml\n${rulesOf(name)}\n\`\`\``,
    `Against \`${against}.yaml\`:`,
    shell(commandOf([configOf(against), configOf(name)], '')),
    comparison(before, after),
  ].join('\n\n')
}

function withoutBlock([paid, unpaid]: readonly PolicyReport[]): string {
  return [
    shell(commandOf([configOf('sponsor-pacing')], '--without-sponsor acme')),
    comparison(paid!, unpaid!),
  ].join('\n\n')
}

function shell(command: string): string {
  const lines = command.replaceAll(/ (--config|--prices aws|--without-sponsor)/g, ' \\\n    $1')
  return `\`\`\`sh\nportolan ${lines}\n\`\`\``
}

/** What a config has beside its backends and the ranges: what the policy is. */
function rulesOf(name: string): string {
  const text = readFileSync(join(ROOT, configOf(name)), 'utf8')
  const rules = /(?<=\n\n)(?:#[^\n]*\n)*routing:.*?(?=\n\nclouds:)/s.exec(text)
  if (rules === null) throw new Error(`${configOf(name)}: no routing before clouds`)
  return rules[0]
}

/** One policy, and what it was before where another was. */
function comparison(before: PolicyReport, after: PolicyReport): string {
  const ids = [...new Set([...after.backends, ...before.backends].map(({ id }) => id))]
  const rows = ids.flatMap((id) => {
    const [old, now] = [before, after].map(({ backends }) => backends.find((backend) => backend.id === id))
    if (!old?.requests && !now?.requests) return []
    const cells = (policy: PolicyReport, backend = policy.backends.find((each) => each.id === id)) =>
      backend?.requests
        ? [share(backend.requests, policy.requests), formatBytes(backend.bytes), money(backend.cost)]
        : ['–', '–', '–']
    return [row([id, (now ?? old)!.place, ...changed(cells(before), cells(after))])]
  })
  const totals = ({ requests, bytes, cost }: PolicyReport) => [
    share(requests, requests),
    formatBytes(bytes),
    cost.map(money).join(' + '),
  ]
  const [unpricedBefore, unpricedAfter] = [before, after].map(({ bills }) =>
    bills.reduce((sum, { unpriced }) => sum + unpriced.bytes, 0),
  )
  const unpriced = unpricedBefore! + unpricedAfter! > 0
  const sponsors = after.sponsors.flatMap(({ id, bytes, budget, passed }) =>
    // Nothing is asked of one that has left.
    bytes === 0
      ? []
      : [
          ...budget.months.map((month) => `\`${id}\` in ${month.month}: ${formatMonth(month, budget.unit)};`),
          `${formatPaces({ budget, passed })}.`,
        ],
  )
  return [
    [
      row(['backend', 'place', 'requests', 'bytes', 'a month']),
      row(['---', '---', '--:', '--:', '--:']),
      ...rows,
      row(['**all**', '', ...changed(totals(before), totals(after))]),
    ].join('\n'),
    [
      ...sponsors,
      `Half of all requests are answered within ${distances(before, after, 'median', 'roundTripMedian')},`,
      `95 % within ${distances(before, after, 'p95', 'roundTripP95')}.`,
      ...(unpriced
        ? [`Without a price: ${changed([formatBytes(unpricedBefore!)], [formatBytes(unpricedAfter!)])[0]}.`]
        : []),
    ].join('\n'),
  ].join('\n\n')
}

function changed(before: readonly string[], after: readonly string[]): string[] {
  return after.map((now, index) => (before[index] === now ? now : `${before[index]} → ${now}`))
}

function distances(
  before: PolicyReport,
  after: PolicyReport,
  distance: 'median' | 'p95',
  time: 'roundTripMedian' | 'roundTripP95',
): string {
  const said = (value: number | undefined) => (value === undefined ? '?' : grouped(value))
  const [km] = changed([said(before.distance[distance])], [said(after.distance[distance])])
  const [ms] = changed([said(before.distance[time])], [said(after.distance[time])])
  return `${km} km (${ms} ms)`
}

/** Whole units: cents of a sample say nothing. */
function money(cost: Money | undefined): string {
  return cost === undefined ? '?' : `${grouped(cost.amount.split('.')[0]!)} ${cost.currency}`
}

function share(part: number, whole: number): string {
  return `${percent(part, whole)} %`
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

if (import.meta.main) {
  const page = readFileSync(PAGE, 'utf8')
  const made = await policiesPage(page)
  if (!process.argv.includes('--check')) writeFileSync(PAGE, made)
  else if (made !== page) {
    console.error('docs/policies.md is not what the simulation says: node scripts/policies-page.ts')
    process.exitCode = 1
  }
}
