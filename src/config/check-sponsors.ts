import { readAmount, unitOf } from './amount.ts'
import type { Draft, DraftBackend, DraftSponsor } from './draft.ts'
import { type ConfigPath, formatConfigPath, type Remark } from './fault.ts'
import { suggestion } from './suggestion.ts'

/** What sponsors pay for, and by which amounts. */
export function* checkSponsors(draft: Draft): Iterable<Remark> {
  const { sponsors = [], delivery } = draft
  if ('pacing' in draft && sponsors.length === 0) {
    yield { path: ['pacing'], message: 'is about the budgets of sponsors, and there are none' }
  }
  if (sponsors.length > 0 && delivery === 'relay') {
    const message =
      'are for a door that sends clients to backends: a mirror (delivery: relay) fetches from them itself'
    yield { path: ['sponsors'], message }
  }
  const first = new Map<string, number>()
  for (const [index, sponsor] of sponsors.entries()) {
    if (sponsor === undefined) continue
    const path = ['sponsors', index]
    if (sponsor.id !== undefined) {
      const before = first.get(sponsor.id)
      if (before === undefined) first.set(sponsor.id, index)
      else yield { path: [...path, 'id'], message: `is already the id of sponsors[${before}]` }
    }
    yield* checkAmounts(path, sponsor)
    yield* checkBounds(path, sponsor)
  }
  yield* checkPaid(draft)
}

/** A sponsor has one unit, and money needs a price. */
function* checkAmounts(path: ConfigPath, sponsor: DraftSponsor): Iterable<Remark> {
  const { budget, credits = [], spent } = sponsor
  if (
    !('budget' in sponsor) &&
    credits.length === 0 &&
    !('credits' in sponsor && sponsor.credits === undefined)
  ) {
    yield { path, message: 'needs budget or credits: without them there is nothing to keep to' }
  }
  const amounts: [ConfigPath, string | undefined][] = [
    [[...path, 'budget', 'amount'], budget?.amount],
    ...credits.map((credit, index): [ConfigPath, string | undefined] => [
      [...path, 'credits', index, 'amount'],
      credit?.amount,
    ]),
    [[...path, 'spent', 'amount'], spent?.amount],
  ]
  let unit: string | undefined
  for (const [where, text] of amounts) {
    const amount = text === undefined ? undefined : readAmount(text)
    if (amount === undefined) continue
    unit ??= unitOf(amount)
    if (unitOf(amount) !== unit) {
      yield { path: where, message: `must be in ${unit}, as what stands before it` }
    }
  }
  if (unit !== undefined && unit !== 'bytes' && !('prices' in sponsor)) {
    const message =
      'is required, since the budget is money: aws, azure, cdn, gcp, or a file such as ./prices.yaml'
    yield { path: [...path, 'prices'], message }
  }
  for (const [index, credit] of credits.entries()) {
    const { from, until } = credit ?? {}
    if (from === undefined || until === undefined || from <= until) continue
    yield {
      path: [...path, 'credits', index, 'until'],
      message: `must not be before ${from}, where it begins`,
    }
  }
}

function* checkBounds(path: ConfigPath, { floor = 0, ceiling = 1 }: DraftSponsor): Iterable<Remark> {
  if (Number(floor) > Number(ceiling)) {
    yield { path: [...path, 'floor'], message: `must not be above the ceiling, which is ${ceiling}` }
  }
}

/** Each backend is paid by one, and whoever is named is there. */
function* checkPaid({ sponsors = [], upstreams = [], stores = [] }: Draft): Iterable<Remark> {
  const backends = [...upstreams, ...stores]
  // Where a backend is faulty, what a selector means is not known either.
  if (backends.some((backend) => backend?.id === undefined || backend.at === undefined)) return
  const payers = new Map<DraftBackend, ConfigPath>()
  for (const [index, sponsor] of sponsors.entries()) {
    const own = new Set<DraftBackend>()
    for (const [step, selector] of listed(sponsor?.backends)) {
      const path = ['sponsors', index, 'backends', ...step]
      const selected = select(selector, upstreams, stores)
      if (selected.length === 0) yield { path, message: unknown(selector, backends) }
      for (const backend of selected) {
        const before = payers.get(backend)
        if (before === undefined) payers.set(backend, path)
        else if (!own.has(backend)) {
          const message = `selects ${backend.id}, which ${formatConfigPath(before)} pays for; each backend has one sponsor`
          yield { path, message }
        }
        own.add(backend)
      }
    }
    for (const [step, selector] of listed(sponsor?.over)) {
      const path = ['sponsors', index, 'over', ...step]
      const selected = select(selector, upstreams, stores)
      if (selected.length === 0) yield { path, message: unknown(selector, backends) }
      else if (selected.every((backend) => own.has(backend))) {
        yield { path, message: 'must name somebody else: this is what the sponsor itself pays for' }
      }
    }
  }
}

function unknown(selector: string, backends: readonly (DraftBackend | undefined)[]): string {
  const ids = backends.map((backend) => backend!.id!)
  return `must be upstreams, stores, upstreams@CLOUD, stores@CLOUD, or the id of a backend, and select at least one${suggestion(selector, ids)}`
}

/** The backends that a selector stands for. */
function select(
  selector: string,
  upstreams: readonly (DraftBackend | undefined)[],
  stores: readonly (DraftBackend | undefined)[],
): DraftBackend[] {
  const [kind, cloud] = selector.split('@')
  const group = kind === 'upstreams' ? upstreams : kind === 'stores' ? stores : undefined
  if (group === undefined)
    return [...upstreams, ...stores].filter((each) => each!.id === selector) as DraftBackend[]
  return group.filter((each) => cloud === undefined || each!.at!.startsWith(`${cloud}/`)) as DraftBackend[]
}

/** The selectors of a key, each with the step of the path that leads to it. */
function listed(selectors: string | readonly (string | undefined)[] | undefined): [ConfigPath, string][] {
  if (typeof selectors === 'string') return [[[], selectors]]
  return (selectors ?? []).flatMap((selector, index): [ConfigPath, string][] =>
    selector === undefined ? [] : [[[index], selector]],
  )
}
