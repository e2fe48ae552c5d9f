import type { SponsorConfig } from '../../config/config.ts'
import type { Backend } from '../backend.ts'
import { type Pace, paceOf } from '../pace.ts'
import { compileSelector } from '../selector.ts'

/** Who pays for which backends; the config has made sure that it is one each. */
export function payersOf(
  sponsors: readonly SponsorConfig[],
  backends: readonly Backend[],
): ReadonlyMap<Backend, SponsorConfig> {
  return new Map(
    sponsors.flatMap((sponsor) =>
      selected(sponsor.backends, backends).map((backend): [Backend, SponsorConfig] => [backend, sponsor]),
    ),
  )
}

/** The pace of every backend that is not open to all who would come; `shares` are from 0 to 1, by sponsor. */
export function pacesOf(
  sponsors: readonly SponsorConfig[],
  backends: readonly Backend[],
  shares: ReadonlyMap<string, number>,
): ReadonlyMap<Backend, Pace> {
  const paces = new Map<Backend, Pace>()
  for (const { id, backends: own, over } of sponsors) {
    const share = shares.get(id) ?? 1
    if (share >= 1) continue
    const instead = new Set(selected(over, backends))
    const pace = paceOf(id, share, instead.size === 0 ? undefined : instead)
    for (const backend of selected(own, backends)) paces.set(backend, pace)
  }
  return paces
}

function selected(selectors: readonly string[], backends: readonly Backend[]): Backend[] {
  return selectors.flatMap((selector) => backends.filter(compileSelector(selector).selects))
}
