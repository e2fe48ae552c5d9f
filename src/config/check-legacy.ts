import { checkConditions, regionsIn } from './check-routing.ts'
import type { Draft, DraftLegacy, DraftPhase } from './draft.ts'
import type { ConfigPath, Remark } from './fault.ts'
import { EVERY_PHASE, PHASE_KINDS, type PhaseKind } from './legacy-config.ts'
import { readSuccessor } from './successor.ts'
import { phaseIds } from './to-legacy.ts'

/** A brownout tells people of an end that is to come; what lasts longer is one. In milliseconds. */
const BROWNOUT_MAX = 7 * 24 * 3_600_000

/** What must be there before anything is done to clients. */
const NEEDED = [
  ['list', 'the file of "portolan legacy check", which shows that the new name has all'],
  ['off', 'the file by which a phase is switched off at once'],
] as const

/** What an old name is, whose place is taken by what, and a schedule that goes forward. */
export function* checkLegacy(draft: Draft): Iterable<Remark> {
  const { legacy, delivery } = draft
  if (legacy === undefined) return
  if (delivery === 'relay') {
    const message =
      'is for a door that sends clients to backends; a mirror (delivery: relay) has names for its registries'
    yield { path: ['legacy'], message, key: true }
  }
  yield* checkNames(legacy)
  const { phases } = legacy
  if (phases === undefined) return
  yield* checkIds(phases)
  yield* checkOrder(phases)
  const regions = regionsIn(draft)
  for (const [index, phase] of phases.entries()) {
    if (phase === undefined) continue
    const path = ['legacy', 'phases', index]
    yield* checkTimes(path, phase)
    yield* checkConditions([...path, 'cohort', 'when'], phase.cohort?.when, regions)
    if ('answer' in phase && phase.phase !== undefined && phase.phase !== 'brownout') {
      yield {
        path: [...path, 'answer'],
        message: `is for a brownout, and this phase is ${phase.phase}`,
        key: true,
      }
    }
    if (phase.phase === undefined || phase.phase === 'announce') continue
    for (const [key, why] of NEEDED)
      if (!(key in legacy)) yield { path, message: `needs legacy.${key}: ${why}` }
  }
}

function* checkNames({ host, names = [], successor }: DraftLegacy): Iterable<Remark> {
  const own = new Set(host === undefined ? [] : [host.toLowerCase()])
  for (const [index, name] of names.entries()) {
    if (name === undefined) continue
    const key = name.toLowerCase()
    if (own.has(key)) yield { path: ['legacy', 'names', index], message: 'stands twice' }
    own.add(key)
  }
  const url = successor === undefined ? undefined : readSuccessor(successor)?.url
  if (url !== undefined && own.has(new URL(url).hostname)) {
    yield { path: ['legacy', 'successor'], message: 'must be another host than the old name' }
  }
}

function* checkIds(phases: readonly (DraftPhase | undefined)[]): Iterable<Remark> {
  const first = new Map<string, number>()
  for (const [index, id] of phaseIds(phases).entries()) {
    const phase = phases[index]
    if (phase?.phase === undefined || ('id' in phase && phase.id === undefined)) continue
    if (id === EVERY_PHASE) {
      const message = `must be another one: in legacy.off, "${EVERY_PHASE}" switches every phase off`
      yield { path: ['legacy', 'phases', index, 'id'], message }
    }
    const before = first.get(id)
    if (before === undefined) first.set(id, index)
    else yield { path: ['legacy', 'phases', index, 'id'], message: `is already the id of phases[${before}]` }
  }
}

/** No kind begins before a milder one that is planned as well. */
function* checkOrder(phases: readonly (DraftPhase | undefined)[]): Iterable<Remark> {
  const first = new Map<PhaseKind, { readonly index: number; readonly from: number; readonly text: string }>()
  for (const [index, phase] of phases.entries()) {
    const { phase: kind, from: text } = phase ?? {}
    if (kind === undefined || text === undefined) return
    const from = Date.parse(text)
    const before = first.get(kind as PhaseKind)
    if (before === undefined || from < before.from) first.set(kind as PhaseKind, { index, from, text })
  }
  const planned = PHASE_KINDS.flatMap((kind) => {
    const begins = first.get(kind)
    return begins === undefined ? [] : [{ kind, ...begins }]
  })
  for (const [at, { kind, index, from }] of planned.entries()) {
    const later = planned.slice(0, at).find((milder) => milder.from > from)
    if (later === undefined) continue
    const message = `must not come before ${later.kind}, which begins at ${later.text}: ${kind} comes after it`
    yield { path: ['legacy', 'phases', index, 'from'], message }
  }
}

function* checkTimes(path: ConfigPath, phase: DraftPhase): Iterable<Remark> {
  const { phase: kind, from, until } = phase
  if (kind === 'brownout' && !('until' in phase)) {
    yield { path, message: 'needs until: a brownout is over at a time that was announced' }
  }
  if (from === undefined || until === undefined) return
  const length = Date.parse(until) - Date.parse(from)
  if (length <= 0) yield { path: [...path, 'until'], message: `must be after from, ${from}` }
  else if (kind === 'brownout' && length > BROWNOUT_MAX) {
    yield {
      path: [...path, 'until'],
      message: 'must be at most 7 days after from; what lasts longer is "refuse"',
    }
  }
}
