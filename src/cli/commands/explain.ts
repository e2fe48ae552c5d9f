import { openAdminSource } from '../../doctor/admin-source.ts'
import type { PullSource } from '../../doctor/pull-source.ts'
import type { PullAnswer, PullStep } from '../../doctor/pull-step.ts'
import { walkPull } from '../../doctor/walk-pull.ts'
import { PortolanError } from '../../errors.ts'
import { parseReference } from '../../oci/reference.ts'
import type { ExplainedCandidate, ExplainedClient, Explanation } from '../../routing/explanation.ts'
import { commandRuntime } from '../command-runtime.ts'
import { openConfigSource } from '../config-source.ts'
import { EXIT, exitCodeOf } from '../exit-code.ts'
import { printedError, printJson, sayError } from '../print.ts'
import { readClient } from '../read-client.ts'
import { formatTable, terminalWidth } from '../table.ts'
import type { ExplainOptions } from './explain-spec.ts'

/** Before what is said of a step. */
const STEP_INDENT = '   '

/** Shows where every request of a pull goes, and why; gives the exit code. */
export async function runExplain(image: string, options: ExplainOptions): Promise<number> {
  const reference = parseReference(image)
  const source = await openSource(options, reference.host)

  const steps: PullStep<Explanation>[] = []
  let failure: PortolanError | undefined
  const tables = new Map<string, number>()
  try {
    for await (const step of walkPull(reference, source, commandRuntime, options.platform)) {
      steps.push(step)
      if (!options.json) print(describeStep(step, steps.length, tables))
    }
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    failure = error
  } finally {
    source.end()
  }
  if (options.json) {
    const client = steps[0]?.explanation.client ?? null
    printJson({ image, client, steps, ...(failure && { error: printedError(failure) }) })
  }
  if (failure !== undefined) {
    sayError(failure)
    return exitCodeOf(failure.code)
  }
  const failed = steps.flatMap(({ answer }, index) => (answer.works ? [] : [index + 1]))
  if (!options.json)
    print(options.offline ? `${steps.length} requests; nobody was asked.` : summary(steps.length, failed))
  return failed.length === 0 ? EXIT.done : EXIT.failed
}

function openSource(
  { config, admin, from, down = [], offline, at }: ExplainOptions,
  host: string | undefined,
): Promise<PullSource<Explanation>> {
  readClient(from)
  // A config may be named by the environment, for `serve`; a door is asked on purpose.
  if (admin !== undefined) return openAdminSource(admin, { from, down, host }, commandRuntime)
  // One of the two is there, by the command's rules.
  return openConfigSource(config!, { from, down, host }, offline, at)
}

/** One block: what is asked, what becomes of it, and who could have answered. */
function describeStep(
  { what, explanation, answer }: PullStep<Explanation>,
  number: number,
  tables: Map<string, number>,
): string {
  const { method, target, client } = explanation
  const lines = [
    ...(number === 1 ? [`from ${describeClient(client)}`, ''] : []),
    `${number}. ${what}`,
    `   ${method} ${target}`,
    ...describeOldName(explanation),
    `   ${describeDecision(explanation)}`,
    `   ${describeAnswer(answer)}`,
  ]
  const table = describeSplits(explanation) + describeCandidates(explanation) + describeClosed(explanation)
  const before = tables.get(table)
  if (before === undefined) tables.set(table, number)
  lines.push(
    before === undefined
      ? `   candidates, ${describeRule(explanation)}:\n${table.replace(/^(?=.)/gm, STEP_INDENT)}`
      : `   candidates: the same as for ${before}`,
  )
  return `${lines.join('\n')}\n`
}

/** What came of it, and how it was tried: what holds from here need not hold where the client is. */
function describeAnswer({ works, status, note, tried }: PullAnswer): string {
  const said = [status, note].filter(Boolean).join(', ')
  // Nobody knows whether it would.
  if (works && tried === undefined) return said
  const how = tried === undefined ? '' : ` (${tried}, from this machine)`
  return `${works ? 'works' : 'FAILS'}: ${said}${how}`
}

function describeClient({ address, place, knownBy }: ExplainedClient): string {
  if (address === undefined && place !== undefined) return place
  return place === undefined
    ? `${address}: somewhere, in no list`
    : `${address}: ${place}, known by ${knownBy}`
}

/** What an old name does before anything is decided. */
function describeOldName({ oldName }: Explanation): string[] {
  if (oldName === undefined) return []
  const { name, phase, draw } = oldName
  const drawn = draw === undefined ? '' : `; its network drew ${formatShare(draw)}`
  const what =
    phase === undefined ? 'no phase is in force for this client' : `phase ${phase.id} (${phase.kind})`
  return [`   by the old name ${name}: ${what}${drawn}`]
}

function describeDecision({ decision }: Explanation): string {
  const { kind, reason, backend, location, message } = decision
  const because = `${reason}${describeMove(decision)}`
  if (kind === 'refuse') return `→ refused (${because}): ${message}`
  if (kind === 'redirect') return `→ ${backend ?? 'the new name'} (${because}): ${location}`
  if (kind === 'relay') return `→ the mirror itself, from ${backend} (${because})`
  return `→ the door itself${backend === undefined ? '' : `, for ${backend}`} (${because})`
}

/** The canonical upstream is the last resort, and so it may be down and yet taken. */
function describeMove({ backend, movedFrom }: Explanation['decision']): string {
  if (movedFrom === undefined) return ''
  return movedFrom === backend ? ', though it is down: nothing else is left' : `, moved from ${movedFrom}`
}

function describeRule({ rule, policy }: Explanation): string {
  const by = rule === undefined ? 'no rule applies' : `by rule ${rule}`
  if (policy === undefined) return by
  const shares = policy.all.map(({ id, share }) => `${id} ${formatShare(share)}`).join(', ')
  return `${by} of policy ${policy.id} (of all clients: ${shares})`
}

function describeSplits({ splits = [] }: Explanation): string {
  return splits
    .map(({ client, repository, between }) => {
      const shares = between.map(({ selector, share }) => `${selector} ${formatShare(share)}`).join(', ')
      if (client === undefined) {
        return `  split between ${shares}: drawn by address; without one, this is one order of several\n`
      }
      const draws = between.map(({ selector, draw }) => `${selector} ${draw.toPrecision(3)}`).join(', ')
      return `  split between ${shares}: ${client} drew for ${repository}, the least first, ${draws}\n`
    })
    .join('')
}

function formatShare(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`
}

function describeCandidates({ candidates }: Explanation): string {
  return formatTable(
    ['backend', 'kind', 'place', 'km', 'ranked by', 'health', 'holds it', 'verdict'],
    candidates.map((candidate) => [
      candidate.backend,
      candidate.kind,
      candidate.place,
      candidate.kilometres === undefined ? '?' : String(candidate.kilometres),
      candidate.by,
      candidate.health,
      candidate.presence,
      describeVerdict(candidate),
    ]),
    terminalWidth() - STEP_INDENT.length,
  )
}

function describeClosed({ closed = [] }: Explanation): string {
  return closed.map(({ backend, why }) => `\n  ${backend} gets no clients, since ${why}`).join('')
}

function describeVerdict({ verdict, failure }: ExplainedCandidate): string {
  return verdict === 'unhealthy' && failure !== undefined ? `${verdict}: ${failure}` : verdict
}

function summary(count: number, failed: readonly number[]): string {
  return failed.length === 0
    ? `${count} requests, and every one has a working answer.`
    : `${count} requests; without a working answer: ${failed.join(', ')}.`
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
