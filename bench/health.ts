import { type Measured, startHealthWorld } from '../test/conformance/health/play.ts'
import { healthRows, type Row } from '../test/conformance/health/rows.ts'
import { noCertificates } from '../test/support/certificates.ts'

/**
 * Prints for every fault the longest time in seconds from its beginning until no client is sent there any more, and
 * from its end until clients are sent there again, all rows at once on one door.
 */
export async function run(): Promise<void> {
  for (const runtime of ['node', 'bun'] as const) {
    const rows = healthRows(noCertificates === undefined)
    await using world = await startHealthWorld(rows, runtime)
    const measured = await Promise.all(rows.map(async (row) => [row, await world.play(row)] as const))
    const longest = Math.max(...measured.map(([, { longestWait }]) => longestWait))
    console.log(
      `${runtime}; the longest wait of a request was ${longest.toFixed(0)} ms\n\n${table(measured)}\n`,
    )
  }
}

type Told = readonly (readonly [Row, Measured])[]

function table(measured: Told): string {
  const lines = [...new Set(measured.map(([{ fault }]) => fault))].map((fault) => {
    const of = (asked: Row['asked']) => measured.filter(([row]) => row.fault === fault && row.asked === asked)
    const [stores, upstreams] = [of('blob'), of('manifest')]
    return [fault, ...seconds(stores), ...seconds(upstreams)]
  })
  const head = ['fault', 'store: noticed', 'back', 'upstream: noticed', 'back']
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function seconds(measured: Told): string[] {
  const longest = (times: readonly number[]) =>
    times.length === 0 ? '–' : (Math.max(...times) / 1000).toFixed(1)
  return [
    longest(measured.flatMap(([, { detections }]) => detections)),
    longest(measured.flatMap(([, { returns }]) => returns)),
  ]
}
