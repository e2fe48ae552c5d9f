import { knownPlaces } from '../clouds/regions.ts'
import type { ConfigPath, Remark } from '../config/fault.ts'
import { suggestion } from '../config/suggestion.ts'
import type { PriceFile } from './schema.ts'

type Entry = PriceFile['transfer'][number] | PriceFile['requests'][number]

/** What is wrong between the keys of a file of prices, each of which is right in itself. */
export function* checkPrices(file: PriceFile): Iterable<Remark> {
  for (const [index, { tiers, price, per }] of file.transfer.entries()) {
    const path = ['transfer', index]
    if ((tiers === undefined) === (price === undefined)) {
      yield { path, message: 'needs either price or tiers' }
    }
    if (tiers === undefined) continue
    if (tiers.length > 1 && per === undefined) {
      const message =
        'must say whether the data of each region climbs the tiers alone (region) or that of all together (account)'
      yield { path: [...path, 'per'], message }
    }
    yield* checkTiers([...path, 'tiers'], tiers)
  }
  for (const kind of ['transfer', 'requests'] as const) {
    const entries: readonly Entry[] = file[kind]
    for (const [index, entry] of entries.entries()) {
      const path = [kind, index]
      yield* checkNames(path, entry, file)
      const known = Object.keys(file.allowances[kind])
      if (entry.free !== undefined && !known.includes(entry.free)) {
        const there = known.length === 0 ? 'there is none' : `allowed here: ${known.join(', ')}`
        const message = `must be an allowance of allowances.${kind}${suggestion(entry.free, known)}; ${there}`
        yield { path: [...path, 'free'], message }
      }
      const earlier = entries.findIndex((before, at) => at < index && covers(before, entry))
      if (earlier >= 0)
        yield { path, message: `can never count: ${kind}[${earlier}] before it always matches` }
    }
  }
  for (const [group, members] of Object.entries(file.groups)) {
    yield* checkMembers(['groups', group], members, file, [])
  }
}

/** Each ends above the one before it; the last has no end, so that none is missing and none overlaps another. */
function* checkTiers(path: ConfigPath, tiers: readonly { upTo?: bigint | undefined }[]): Iterable<Remark> {
  let before = 0n
  for (const [index, { upTo }] of tiers.entries()) {
    const isLast = index === tiers.length - 1
    if (upTo === undefined) {
      if (!isLast) yield { path: [...path, index], message: 'needs upTo: only the last tier has no end' }
    } else if (upTo <= before) {
      yield {
        path: [...path, index, 'upTo'],
        message: `must be more than ${before}, where the tier before it ends`,
      }
    } else if (isLast) {
      const message = `leaves open what more than ${upTo} costs: add a tier without upTo, with price: unknown where there is no public one`
      yield { path: [...path, index, 'upTo'], message }
    }
    before = upTo ?? before
  }
}

function* checkNames(path: ConfigPath, entry: Entry, file: PriceFile): Iterable<Remark> {
  if (entry.from) yield* checkMembers([...path, 'from'], entry.from, file, Object.keys(file.groups))
  if (entry.in === undefined || entry.to === 'cdn') return
  yield* checkMembers([...path, 'in'], entry.in, file, Object.keys(file.groups))
}

/** A slip in the name of a region would leave its traffic without a price. */
function* checkMembers(
  path: ConfigPath,
  names: readonly string[],
  { cloud }: PriceFile,
  groups: readonly string[],
): Iterable<Remark> {
  const regions = [...knownPlaces.values()].flatMap((place) => (place.cloud === cloud ? [place.region!] : []))
  // Which regions a cloud of one's own has is not ours to know.
  if (regions.length === 0) return
  for (const [index, name] of names.entries()) {
    if (name.startsWith('country/') || groups.includes(name) || regions.includes(name)) continue
    const message = `must be a region of ${cloud}${groups.length > 0 ? ', a group' : ''} or country/FR${suggestion(name, [...regions, ...groups])}`
    yield { path: [...path, index], message }
  }
}

/** Whether one price takes all that another is for, as far as can be told without looking into lists. */
function covers(one: Entry, other: Entry): boolean {
  const isMethodCovered = !(
    'method' in one &&
    one.method !== undefined &&
    one.method !== (other as typeof one).method
  )
  return (
    one.from === undefined &&
    one.in === undefined &&
    (one.to === undefined || one.to === other.to) &&
    isMethodCovered
  )
}
