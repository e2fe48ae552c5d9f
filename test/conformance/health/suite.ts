import { afterAll, beforeAll, describe, it } from 'vitest'
import { noCertificates } from '../../support/certificates.ts'
import type { RuntimeName } from '../../support/portolan.ts'
import { sample } from '../../support/sample.ts'
import { type HealthWorld, type Measured, startHealthWorld } from './play.ts'
import { healthRows, type Row } from './rows.ts'

/** Every fault at least once, for a store or for an upstream, by one script or another. */
const SAMPLE = 22

/**
 * Every way in which a backend can fail, against a door that runs as an operator runs it: all rows at once, each with
 * a backend and a client of its own. How long it takes is what `npm run bench -- health` measures.
 */
export function describeHealth(runtime: RuntimeName): void {
  describe(`a door on ${runtime}, while backends fail`, () => {
    if (noCertificates !== undefined) console.warn(`expired certificates are skipped; ${noCertificates}`)
    const all = healthRows(noCertificates === undefined)
    const rows = sample(`faults on ${runtime}`, all, SAMPLE, ({ fault }) => fault)
    const stories = new Map<Row, Promise<Measured>>()
    let world: HealthWorld | undefined

    beforeAll(async () => {
      const started = await startHealthWorld(rows, runtime)
      world = started
      for (const row of rows) stories.set(row, started.play(row))
      for (const story of stories.values()) story.catch(() => {})
    }, 60_000)
    afterAll(async () => {
      await Promise.allSettled(stories.values())
      await world?.[Symbol.asyncDispose]()
    }, 120_000)

    it.each(rows)(
      'keeps clients from $fault, $script, asked for a $asked',
      async (row) => {
        await stories.get(row)
      },
      150_000,
    )
  })
}
