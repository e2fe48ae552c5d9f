// Makes data/geo.bin from three packages, which a developer installs for this run only:
//   npm install --no-save --ignore-scripts @ip-location-db/{asn,asn-country,geo-whois-asn-country}
//   node scripts/build-geo.ts [FOLDER OF node_modules]
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import cloudAsns from '../data/cloud-asns.json' with { type: 'json' }
import { encodeGeo, type GeoStep, geoPrefixes } from '../src/clouds/geo.ts'
import { specialPrefixes } from '../src/clouds/public-prefix.ts'
import { type Address, parseAddress } from '../src/net/address.ts'
import { lastAddress } from '../src/net/prefix.ts'

/** A run of addresses with one value; bounds are in blocks as geo.ts numbers them, with a fraction within a block. */
interface Run {
  readonly start: number
  readonly end: number
  readonly value: string
}

interface Step {
  readonly at: number
  readonly value: string
}

const NONE = ''
const SPECIAL = '!'
const BLOCKS = { 4: 2 ** 24, 6: 2 ** 48 } as const

const root = join(import.meta.dirname, '..')
const packages = join(process.argv[2] ?? join(root, 'node_modules'), '@ip-location-db')
const version: string = JSON.parse(readFileSync(join(packages, 'asn', 'package.json'), 'utf8')).version
const clouds = new Map(cloudAsns.asns.map(({ asn, cloud }) => [String(asn), cloud]))

const steps4 = stepsOf(4)
const steps6 = stepsOf(6)
const bytes = encodeGeo({
  // The packages' versions end in the hour of their making: 2.3.2026061719.
  date: version.replace(/^.*\.(\d{4})(\d{2})(\d{2})\d{2}$/, '$1-$2-$3'),
  source:
    'ip-location-db: geo-whois-asn-country and asn-country (CC0-1.0), and asn (RouteViews, NRO and DB-IP, CC BY 4.0; ' +
    'IP Geolocation by DB-IP, https://db-ip.com), reduced to countries and clouds',
  steps4,
  steps6,
})
writeFileSync(join(root, 'data', 'geo.bin'), bytes)
const prefixes = geoPrefixes({ steps4, steps6 }).length
console.log(`${steps4.length} steps of IPv4, ${steps6.length} of IPv6, ${prefixes} prefixes`)
console.log(`data/geo.bin: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`)

function stepsOf(family: 4 | 6): GeoStep[] {
  const codeOf = ([, , code]: string[]) => (/^[A-Z]{2}$/.test(code!) ? code! : NONE)
  // Whois knows what is given on to another country; where it only knows a registry, the registry's own list corrects it.
  const country = [
    ...readRuns(`geo-whois-asn-country/geo-whois-asn-country-ipv${family}.csv`, codeOf),
    ...readRuns(`asn-country/asn-country-ipv${family}.csv`, codeOf),
  ]
  const cloud = readRuns(`asn/asn-ipv${family}.csv`, ([, , asn]) => clouds.get(asn!) ?? NONE)
  const special = specialPrefixes
    .filter(({ address }) => address.family === family)
    .map((prefix) => ({ start: position(prefix.address), end: endOf(lastAddress(prefix)), value: SPECIAL }))
  const located = overlay(narrowest(cloud), narrowest(country), placeName)
  const all = overlay(narrowest(special), located, (mark, name) => (mark === NONE ? name : mark))
  return fillGaps(toBlocks(all, BLOCKS[family])).map(({ at, value }) =>
    value === NONE || value === SPECIAL ? { block: at } : { block: at, place: value },
  )
}

function placeName(cloud: string, country: string): string {
  if (cloud === NONE) return country === NONE ? NONE : `country/${country}`
  return country === NONE ? cloud : `${cloud}/${country.toLowerCase()}`
}

/** Reads `START,END,…` lines; the fields behind those two may hold commas in quotes, which nobody asks for here. */
function readRuns(file: string, read: (fields: string[]) => string): Run[] {
  const runs: Run[] = []
  for (const line of readFileSync(join(packages, file), 'utf8').split('\n')) {
    if (line === '') continue
    const fields = line.split(',')
    const value = read(fields)
    const start = parseAddress(fields[0]!)
    const last = parseAddress(fields[1]!)
    if (start === undefined || last === undefined) throw new Error(`${file}: ${line}`)
    if (value !== NONE) runs.push({ start: position(start), end: endOf(last), value })
  }
  return runs
}

/** Doubles hold a block's number of IPv6 and seven bits below it: enough to weigh the parts of a block. */
function position({ family, word0, word1 }: Address): number {
  return family === 4 ? (word0 >>> 0) / 2 ** 8 : (word0 >>> 0) * 2 ** 16 + (word1 >>> 0) / 2 ** 16
}

function endOf(last: Address): number {
  return position(last) + (last.family === 4 ? 2 ** -8 : 2 ** -16)
}

/** Cuts runs that may nest or overlap into steps; where several cover an address, the narrowest one counts. */
function narrowest(runs: Run[]): Step[] {
  const events = runs
    .flatMap((run) => [
      { at: run.start, run, opens: true },
      { at: run.end, run, opens: false },
    ])
    .sort((left, right) => left.at - right.at)
  const steps: Step[] = []
  const open = new Set<Run>()
  for (const [index, { at, run, opens }] of events.entries()) {
    if (opens) open.add(run)
    else open.delete(run)
    if (events[index + 1]?.at === at) continue
    let best: Run | undefined
    for (const one of open) if (best === undefined || one.end - one.start < best.end - best.start) best = one
    push(steps, at, best?.value ?? NONE)
  }
  return steps
}

/** Joins two lists of steps into one. */
function overlay(upper: Step[], lower: Step[], join: (upper: string, lower: string) => string): Step[] {
  const steps: Step[] = []
  let above = NONE
  let below = NONE
  for (let i = 0, j = 0; i < upper.length || j < lower.length; ) {
    const at = Math.min(upper[i]?.at ?? Infinity, lower[j]?.at ?? Infinity)
    if (upper[i]?.at === at) above = upper[i++]!.value
    if (lower[j]?.at === at) below = lower[j++]!.value
    push(steps, at, join(above, below))
  }
  return steps
}

/** Rounds steps to whole blocks: a block that is cut goes to the value that has most of it. */
function toBlocks(steps: Step[], blocks: number): Step[] {
  const rounded: Step[] = []
  const shares = new Map<string, number>()
  let block = 0
  const settle = () => {
    if (shares.size > 0)
      push(rounded, block, [...shares].reduce((most, one) => (one[1] > most[1] ? one : most))[0])
    shares.clear()
  }
  const share = (at: number, from: number, to: number, value: string) => {
    if (at !== block) settle()
    block = at
    shares.set(value, (shares.get(value) ?? 0) + to - from)
  }
  for (const [index, { at, value }] of [{ at: 0, value: NONE }, ...steps].entries()) {
    const end = steps[index]?.at ?? blocks
    const first = Math.ceil(at)
    const last = Math.floor(end)
    if (at < first) share(first - 1, at, Math.min(first, end), value)
    if (first < last) {
      settle()
      push(rounded, first, value)
    }
    if (last < end && last >= first) share(last, last, end, value)
  }
  settle()
  return rounded
}

/** Gives addresses that are nobody's yet to the place on both sides of them: half of all steps of IPv6 are such gaps. */
function fillGaps(steps: Step[]): Step[] {
  const filled: Step[] = []
  for (const [index, { at, value }] of steps.entries()) {
    const before = filled.at(-1)?.value ?? NONE
    push(filled, at, value === NONE && steps[index + 1]?.value === before ? before : value)
  }
  return filled
}

function push(steps: Step[], at: number, value: string): void {
  if (steps.at(-1)?.at === at) steps.pop()
  if ((steps.at(-1)?.value ?? NONE) !== value) steps.push({ at, value })
}
