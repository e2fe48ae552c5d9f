import type { Address } from '../net/address.ts'
import { type Prefix, prefixContains } from '../net/prefix.ts'
import type { PrefixTable } from '../net/prefix-table.ts'
import { buildPrefixTable } from '../net/prefix-table-builder.ts'
import type { Rule } from './rule.ts'

/** The rules that name one prefix, by their positions, ascending; and those of the next wider prefix that some name. */
interface Network {
  readonly rules: number[]
  readonly wider: Network | undefined
}

/** Which rules name a prefix that an address is in: there may be thousands, of which an address is in few. */
export class RuleNetworks {
  readonly #table: PrefixTable<Network>

  constructor(rules: readonly Rule[]) {
    const named = rules.flatMap(({ networks = [] }, rule) => networks.map((prefix) => ({ prefix, rule })))
    named.sort((one, other) => compare(one.prefix, other.prefix) || one.rule - other.rule)
    const entries: { prefix: Prefix; value: Network }[] = []
    const open: typeof entries = []
    for (const { prefix, rule } of named) {
      while (open.length > 0 && !holds(open.at(-1)!.prefix, prefix)) open.pop()
      const around = open.at(-1)
      if (around !== undefined && around.prefix.length === prefix.length) {
        if (around.value.rules.at(-1) !== rule) around.value.rules.push(rule)
        continue
      }
      const entry = { prefix, value: { rules: [rule], wider: around?.value } }
      entries.push(entry)
      open.push(entry)
    }
    const ids = new Map(entries.map(({ value }, index) => [value, String(index)]))
    this.#table = buildPrefixTable(entries, (network) => ids.get(network)!)
  }

  /** The first rule, before the position `before`, that names a prefix around this address and for which `holds`. */
  first(address: Address, before: number, holds: (rule: number) => boolean): number | undefined {
    let first = before
    for (let network = this.#table.lookup(address); network !== undefined; network = network.wider) {
      for (const rule of network.rules) {
        if (rule >= first) break
        if (holds(rule)) first = rule
      }
    }
    return first === before ? undefined : first
  }
}

const known = new WeakMap<readonly Rule[], RuleNetworks | undefined>()

/** Those of these rules, made once; `undefined` where none names a prefix. */
export function networksOf(rules: readonly Rule[]): RuleNetworks | undefined {
  if (!known.has(rules)) {
    const isThere = rules.some(({ networks }) => networks !== undefined)
    known.set(rules, isThere ? new RuleNetworks(rules) : undefined)
  }
  return known.get(rules)
}

function holds(outer: Prefix, inner: Prefix): boolean {
  return outer.length <= inner.length && prefixContains(outer, inner.address)
}

/** By family and address, and a wider prefix before those in it. */
function compare({ address: one, length }: Prefix, { address: other, length: otherLength }: Prefix): number {
  return (
    one.family - other.family ||
    (one.word0 >>> 0) - (other.word0 >>> 0) ||
    (one.word1 >>> 0) - (other.word1 >>> 0) ||
    (one.word2 >>> 0) - (other.word2 >>> 0) ||
    (one.word3 >>> 0) - (other.word3 >>> 0) ||
    length - otherLength
  )
}
