import { decoders } from '../../test/conformance/decoders/decoders.ts'
import { fuzzDecoder } from '../../test/conformance/decoders/run.ts'

/**
 * Changed bytes to every reader of what comes from outside: each is read as its slow twin reads it, or refused in the
 * one way that there is. Prints what became of them, and throws when something else did; a seed that shows a fault is
 * kept in test/conformance/decoders/fuzz.test.ts.
 */
export function fuzzDecoders(count: number, first: number): void {
  const problems: string[] = []
  console.log(
    `| reader, ${count.toLocaleString('en')} inputs from seed ${first} | taken | refused | faults | s |`,
  )
  console.log('|---|---|---|---|---|')
  for (const decoder of decoders) {
    const started = performance.now()
    const { findings, tally } = fuzzDecoder(
      decoder,
      Array.from({ length: count }, (_, index) => first + index),
    )
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.log(`| ${decoder.name} | ${tally.taken} | ${tally.refused} | ${findings.length} | ${seconds} |`)
    for (const { seed, problem } of findings.slice(0, 5)) {
      problems.push(`${decoder.name}, seed ${seed}: ${problem}`)
    }
  }
  if (problems.length > 0) throw new Error(problems.join('\n'))
}
