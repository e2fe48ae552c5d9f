import { expect, it } from 'vitest'
import { slotOf } from './slot.ts'
import { StoreWatch } from './store-watch.ts'
import { NEW_CLIENT, WatchedClient } from './watched-client.ts'

const SLICE = 10 * 60_000

/** A store that so many clients ask in each slice; of these so many come back, from so many networks. */
function watchOf(slices: readonly { clients: number; back: number; networks: number }[]): StoreWatch {
  const watch = new StoreWatch()
  for (const [slice, { clients, back, networks }] of slices.entries())
    for (let n = 0; n < clients; n++) {
      const client = new WatchedClient(slotOf(NEW_CLIENT))
      watch.note(client, slice * SLICE)
      watch.note(client, slice * SLICE)
      if (n < back) watch.noteThird(client, n % networks)
    }
  return watch
}

it.each([
  ['nobody', { clients: 100, back: 0, networks: 1 }, undefined],
  ['a few of many', { clients: 1000, back: 30, networks: 20 }, undefined],
  ['a handful of one network, where few ask', { clients: 6, back: 6, networks: 1 }, 'check'],
  ['hundreds, from four networks', { clients: 500, back: 300, networks: 4 }, 'check'],
  ['many, from five networks', { clients: 500, back: 50, networks: 5 }, 'eject'],
])('when %s come back', (_, slice, expected) => {
  const outlier = watchOf([slice]).outlier(1)
  expect(outlier && (outlier.needsCheck ? 'check' : 'eject')).toBe(expected)
})

it('gets used to what is usual for a store, and not to an outage', () => {
  const usual = { clients: 100, back: 8, networks: 8 }
  const outage = { clients: 100, back: 60, networks: 30 }
  const slices = Array.from({ length: 60 }, () => usual)
  expect(watchOf([...slices, outage]).outlier(60 * SLICE)).toMatchObject({ cameBack: 60, needsCheck: false })
  const after = watchOf([...slices, ...Array.from({ length: 60 }, () => outage)])
  expect(after.outlier(119 * SLICE)?.usual).toBeLessThan(0.1)
})

it('leaves out those whom another store has not helped', () => {
  const watch = new StoreWatch()
  for (let n = 0; n < 50; n++) {
    const client = new WatchedClient(slotOf(NEW_CLIENT))
    for (let moves = 0; moves < 257 && client.allowance.mayMove(0, false); moves++) client.allowance.spend()
    watch.note(client, 0)
    watch.noteThird(client, n)
  }
  expect(watch.counts(0)).toMatchObject({ clients: 50, cameBack: 0 })
})
