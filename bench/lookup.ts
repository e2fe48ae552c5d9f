import { readFileSync } from 'node:fs'
import { BlockList } from 'node:net'
import { join } from 'node:path'
import { aws } from '../src/clouds/providers/aws.ts'
import { azure } from '../src/clouds/providers/azure.ts'
import { gcp } from '../src/clouds/providers/gcp.ts'
import { type Address, formatAddress, parseAddress } from '../src/net/address.ts'
import { firstAddress, formatPrefix, type Prefix, parsePrefix } from '../src/net/prefix.ts'
import { decodeSnapshot, encodeSnapshot } from '../src/net/prefix-snapshot.ts'
import { buildPrefixTable, type PrefixEntry } from '../src/net/prefix-table-builder.ts'

// From the text of an address to its place, in the ranges of AWS, GCP and Azure, beside a yes or no of net.BlockList
// over the same prefixes.
//
// What else the machine does only ever adds to a round, so the quickest round counts; the median tells how noisy it was.

/** Few enough texts to stay in the processor's cache, where that of a request is too. */
const ADDRESSES = 4096
const ROUNDS = 300
const BLOCK_LIST_ADDRESSES = 256
const BLOCK_LIST_ROUNDS = 5

/** The door looks addresses up on Bun too. */
export const onBun = true

export async function run(): Promise<void> {
  const folder = process.env.PORTOLAN_RANGES_DIR ?? ''
  const ranges = folder === '' ? makeRanges() : readRanges(folder)
  const prefixesOf = (family: 4 | 6) =>
    ranges.map(({ prefix }) => prefix).filter(({ address }) => address.family === family)
  const [prefixes4, prefixes6] = [prefixesOf(4), prefixesOf(6)]
  const { bun, node } = process.versions
  console.log(
    `${bun === undefined ? `Node ${node}` : `Bun ${bun}`}; ${prefixes4.length} IPv4 and ${prefixes6.length} IPv6 prefixes` +
      (folder === ''
        ? ', made up: PORTOLAN_RANGES_DIR names no folder with aws.json, gcp.json and azure.json'
        : ''),
  )
  const bytes = encodeSnapshot(buildPrefixTable(ranges), null)
  const { table } = decodeSnapshot(bytes)
  const load = time(50, () => decodeSnapshot(bytes))
  const build = time(5, () => buildPrefixTable(ranges))
  console.log(
    `table of ${(table.cells.byteLength / 1e6).toFixed(2)} MB, loaded from its snapshot in ${load.best.toFixed(1)} ms ` +
      `(median ${load.median.toFixed(1)}), built in ${build.best.toFixed(0)} ms (median ${build.median.toFixed(0)})`,
  )

  const blockList = new BlockList()
  for (const { prefix } of ranges) {
    blockList.addSubnet(formatAddress(prefix.address), prefix.length, familyOf(prefix.address))
  }
  const within = (prefixes: readonly Prefix[]) => addressIn(oneOf(prefixes))
  const everything = parsePrefix('0.0.0.0/0')
  const sets: readonly (readonly [string, () => Address])[] = [
    ['v4, any address', () => addressIn(everything)],
    ['v4, in a prefix', () => within(prefixes4)],
    ['half v4, half v6', () => (Math.random() < 0.5 ? addressIn(everything) : within(prefixes6))],
    ['v6, in a prefix', () => within(prefixes6)],
  ]
  for (const [name, draw] of sets) {
    const addresses = Array.from({ length: ADDRESSES }, draw)
    // Through JSON, because a text that was put together is slower to read than one that came in whole, as headers do.
    const texts: string[] = JSON.parse(JSON.stringify(addresses.map(formatAddress)))
    let found = 0
    const place = time(ROUNDS, () => {
      for (const text of texts) if (table.lookup(parseAddress(text)!) !== undefined) found++
    })
    const few = texts.slice(0, BLOCK_LIST_ADDRESSES)
    const check = time(BLOCK_LIST_ROUNDS, () => {
      for (const [at, text] of few.entries()) if (blockList.check(text, familyOf(addresses[at]!))) found++
    })
    if (found === 0) throw new Error('no address was found in any prefix')
    const nanoseconds = (milliseconds: number, count: number) => Math.round((milliseconds * 1e6) / count)
    console.log(
      `${name.padEnd(18)} ${String(nanoseconds(place.best, texts.length)).padStart(4)} ns ` +
        `(median ${nanoseconds(place.median, texts.length)}); BlockList ${nanoseconds(check.best, few.length)} ns`,
    )
  }
}

/** Milliseconds that a round takes. */
function time(rounds: number, round: () => unknown): { best: number; median: number } {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now()
    round()
    return performance.now() - start
  }).sort((left, right) => left - right)
  return { best: times[0]!, median: times[rounds >> 1]! }
}

function familyOf({ family }: Address): 'ipv4' | 'ipv6' {
  return family === 4 ? 'ipv4' : 'ipv6'
}

function readRanges(folder: string): PrefixEntry<string>[] {
  return [aws, gcp, azure].flatMap(({ fileName, parse }) =>
    parse(readFileSync(join(folder, fileName))).entries.map(({ prefix, place }) => ({
      prefix,
      value: place,
    })),
  )
}

/** As many prefixes as the three clouds have, nested now and then, in 250 places. */
function makeRanges(): PrefixEntry<string>[] {
  const entries = new Map<string, PrefixEntry<string>>()
  const add = (block: Prefix, length: number) => {
    const prefix = { address: firstAddress(addressIn(block), length), length }
    entries.set(formatPrefix(prefix), { prefix, value: `cloud/region-${Math.floor(Math.random() * 250)}` })
  }
  const blocks4 = Array.from({ length: 250 }, () => ({
    address: addressIn(parsePrefix('0.0.0.0/1')),
    length: 12,
  }))
  const blocks6 = Array.from({ length: 40 }, () => ({
    address: addressIn(parsePrefix('2000::/3')),
    length: 28,
  }))
  while (entries.size < 20_000) add(oneOf(blocks4), 14 + Math.floor(Math.random() * 19))
  while (entries.size < 27_000) add(oneOf(blocks6), 32 + Math.floor(Math.random() * 33))
  return [...entries.values()]
}

function addressIn({ address, length }: Prefix): Address {
  const word = (least: 4 | 6) => (address.family < least ? 0 : Math.floor(Math.random() * 2 ** 32) | 0)
  const any: Address = { ...address, word0: word(4), word1: word(6), word2: word(6), word3: word(6) }
  const above = firstAddress(any, length)
  return {
    family: address.family,
    word0: address.word0 | (any.word0 ^ above.word0),
    word1: address.word1 | (any.word1 ^ above.word1),
    word2: address.word2 | (any.word2 ^ above.word2),
    word3: address.word3 | (any.word3 ^ above.word3),
  }
}

function oneOf<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)]!
}

if (import.meta.main) await run()
