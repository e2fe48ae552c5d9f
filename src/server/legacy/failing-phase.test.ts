import { beforeEach, describe, expect, it } from 'vitest'
import {
  answerOf,
  at,
  BLOB,
  digestOf,
  MANIFEST,
  OldNameDoor,
  TAG,
} from '../../../test/support/old-name-door.ts'

let world: OldNameDoor
beforeEach(() => {
  world = new OldNameDoor()
})

describe('a phase ends by itself', () => {
  const REDIRECT = [{ phase: 'redirect', from: at(0), cohort: { share: '50 %' } }]
  const isIn = async (from: string) =>
    (await world.ask(TAG, { from })).headers.Location?.startsWith('https://new.example') ?? false

  it('when its manifests cannot be had, and stays so after a restart', async () => {
    const warn = [{ phase: 'warn', from: at(0) }]
    await world.open(warn, { failures: { share: '5 %', least: 20 } })
    const ask = (network: number) => world.ask(TAG, { from: `198.51.${network}.7` })
    world.upstream = () => answerOf('', 500)
    for (let network = 0; network < 19; network++) await ask(network)
    // One network, however often it asks, is one client.
    for (let count = 0; count < 50; count++) await ask(0)
    await world.pass(2000)
    expect(world.told(/ended by itself/)).toEqual([])
    world.upstream = () => answerOf(MANIFEST)
    for (let network = 19; network < 27; network++) await ask(network)
    await world.pass(2000)
    expect(world.told(/ended by itself/)).toMatchObject([
      {
        phase: 'warn-1',
        why: expect.stringMatching(
          /^\d+ of 27 of its clients failed within five minutes, and 0 of 0 others$/,
        ),
      },
    ])
    expect((await world.ask(TAG)).headers.Warning).toBeUndefined()
    await world.service[Symbol.asyncDispose]()
    await world.open(warn)
    expect((await world.ask(TAG)).headers.Warning).toBeUndefined()
  })

  it('when clients that were sent to the new name come back for the same blob again and again', async () => {
    await world.open(REDIRECT, { failures: { share: '5 %', least: 20 } })
    const clients = Array.from({ length: 60 }, (_, index) => `198.51.${index}.1`)
    const cohort: string[] = []
    for (const from of clients) if (await isIn(from)) cohort.push(from)
    expect(cohort.length).toBeGreaterThan(15)
    for (let round = 0; round < 5; round++) {
      for (const from of cohort) await world.ask(BLOB, { from })
      await world.pass(20_000)
    }
    expect(world.told(/ended by itself/)).toMatchObject([{ phase: 'redirect-1' }])
    expect(await isIn(cohort[0]!)).toBe(false)
  })

  it('not when those who are refused come again and again', async () => {
    await world.open([{ phase: 'refuse', from: at(0) }], { failures: { share: '5 %', least: 20 } })
    for (let round = 0; round < 5; round++) {
      for (let network = 0; network < 40; network++) {
        expect((await world.ask(BLOB, { from: `198.51.${network}.1` })).status).toBe(403)
      }
      await world.pass(20_000)
    }
    expect(world.told(/ended by itself/)).toEqual([])
  })

  it('not when they come for each blob once', async () => {
    await world.open(REDIRECT, { failures: { share: '5 %', least: 20 } })
    for (let client = 0; client < 60; client++) {
      for (let blob = 0; blob < 5; blob++)
        await world.ask(`/v2/app/blobs/${digestOf(`${blob}`)}`, { from: `198.51.${client}.1` })
    }
    await world.pass(5000)
    expect(world.told(/ended by itself/)).toEqual([])
  })
})
