import { type Finding, fuzz, startFuzzServers } from '../test/conformance/listener/fuzz/run.ts'
import { fuzzReplies } from '../test/conformance/replies/run.ts'
import { fuzzDecoders } from './fuzz/decoders.ts'

// Random bytes to the listener on Node and on Bun, by both readers, whole and in pieces, and to node:http beside it:
// what is made of them must not depend on any of that, and differ from node:http only in ways that are meant to be. Random
// answers to what reads large blobs, and to node:http beside it. And changed bytes to what reads inventories, range snapshots, manifests, configs and the formats of scan.

/** FUZZ_COUNT=100000 for the long run; FUZZ_SEED is where it begins. */
const COUNT = Number(process.env.FUZZ_COUNT ?? 5000)
const FIRST = Number(process.env.FUZZ_SEED ?? 1000)

export async function run(): Promise<void> {
  await using servers = await startFuzzServers(['node', 'bun'])
  const started = performance.now()
  const { findings, meant } = await fuzz(
    servers,
    Array.from({ length: COUNT }, (_, n) => FIRST + n),
  )
  const seconds = (performance.now() - started) / 1000
  console.log(
    `${COUNT.toLocaleString('en')} cases from seed ${FIRST}, each to 4 listeners whole and in pieces: ${seconds.toFixed(0)} s\n`,
  )
  for (const [kind, times] of [...meant].sort(([, a], [, b]) => b - a)) {
    console.log(`${times.toLocaleString('en').padStart(9)}  ${kind}`)
  }
  for (const finding of findings) print(finding)
  if (findings.length > 0) throw new Error('there are differences that are not meant to be')
  console.log('\nno other difference\n')
  await compareReplies()
  fuzzDecoders(COUNT, FIRST)
}

async function compareReplies(): Promise<void> {
  const started = performance.now()
  const { findings, tally } = await fuzzReplies(Array.from({ length: COUNT }, (_, n) => FIRST + n))
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  const { read, left, failed } = tally
  console.log(
    `${COUNT.toLocaleString('en')} answers, whole and in pieces: ${read} read, ${left} left to fetch, ${failed} failed: ${seconds} s\n`,
  )
  for (const finding of findings) console.log(finding)
  if (findings.length > 0) throw new Error('answers are read otherwise than node:http reads them')
}

function print({ seed, kind, text, outcomes }: Finding): void {
  console.log(`\nseed ${seed} ${kind}\n  ${JSON.stringify(text)}`)
  for (const [name, outcome] of Object.entries(outcomes)) console.log(`  ${name}: ${JSON.stringify(outcome)}`)
}
