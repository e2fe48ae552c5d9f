import { beforeEach, describe, expect, it, test } from 'vitest'
import { at, configOf, DAY, LIST, OldNameDoor, TAG } from '../../../test/support/old-name-door.ts'
import { createPortolan } from '../compose.ts'

let world: OldNameDoor
beforeEach(() => {
  world = new OldNameDoor()
})

test('a switch works while a long list is read', async () => {
  await world.open([{ phase: 'brownout', from: at(0), until: at(0, '01:00:00') }])
  world.files.set('/list.json', new Promise(() => {}))
  await world.pass(2000)
  world.files.set('/off', 'all')
  await world.pass(3000)
  expect((await world.ask(TAG)).status).toBe(307)
})

describe('a phase is held back', () => {
  const warn = [{ phase: 'warn', from: at(2) }]

  test.each<[string, object | undefined, RegExp]>([
    ['there is no list', undefined, /there is no \/list\.json yet/],
    ['the new name lacks something', { counts: { ...LIST.counts, missing: 1 } }, /lacks 1 of what/],
    [
      'a tag stands for something else there',
      { counts: { ...LIST.counts, different: 2 } },
      /lacks 2 of what/,
    ],
    ['something could not be asked for', { counts: { ...LIST.counts, unknown: 3 } }, /of 3 contents/],
    ['the list is old', { checked: '2025-12-26T00:00:00Z' }, /checked too long before/],
  ])('while %s', async (_, list, why) => {
    if (list === undefined) world.files.delete('/list.json')
    else world.files.set('/list.json', JSON.stringify({ ...LIST, ...list }))
    await world.open(warn)
    await world.pass(2 * DAY + 5000)
    expect((await world.ask(TAG)).status).toBe(307)
    expect(world.told(/held back/)).toMatchObject([{ phase: 'warn-1', why: expect.stringMatching(why) }])
    world.files.set('/list.json', JSON.stringify({ ...LIST, checked: at(2) }))
    await world.pass(2000)
    expect((await world.ask(TAG)).status).toBe(200)
  })

  it('when something is lost at the new name after it has begun, but not when nobody knows', async () => {
    await world.open(warn)
    await world.pass(2 * DAY + 5000)
    world.files.set('/list.json', JSON.stringify({ ...LIST, counts: { ...LIST.counts, unknown: 9 } }))
    await world.pass(2000)
    expect((await world.ask(TAG)).status).toBe(200)
    world.files.set('/list.json', JSON.stringify({ ...LIST, counts: { ...LIST.counts, missing: 1 } }))
    await world.pass(2000)
    expect((await world.ask(TAG)).status).toBe(307)
  })

  it('not by a list that cannot be read: what it said before stays', async () => {
    await world.open(warn)
    await world.pass(2 * DAY + 5000)
    for (const text of ['{', '{}', JSON.stringify({ ...LIST, host: 'other.example' })]) {
      world.files.set('/list.json', text)
      await world.pass(2000)
      expect((await world.ask(TAG)).status).toBe(200)
    }
    expect(world.told(/not read again/)).toHaveLength(3)
  })
})

test('a reload goes by the list that is in force when its file has become a wrong one, and by a new one', async () => {
  const phases = [{ phase: 'warn', from: at(0) }]
  await world.open(phases)
  for (const wrong of ['{', JSON.stringify({ ...LIST, host: 'other.example' })]) {
    world.files.set('/list.json', wrong)
    await world.service.reload(configOf([...phases, { phase: 'refuse', from: at(9) }]))
    expect((await world.ask(TAG)).headers.Warning).toContain('ends on 2026-01-10')
  }
  world.files.set('/list.json', JSON.stringify({ ...LIST, counts: { ...LIST.counts, missing: 1 } }))
  await world.service.reload(configOf(phases))
  expect((await world.ask(TAG)).headers.Warning).toBeUndefined()
})

describe('the schedule is append-only', () => {
  const begun = [{ phase: 'announce', from: at(0) }]

  test.each<[string, readonly object[], RegExp]>([
    ['is dropped', [{ phase: 'warn', from: at(9) }], /announce-1, which began at .*, is missing/],
    ['is changed', [{ phase: 'announce', from: at(1) }], /is another one/],
    ['gets an end', [{ phase: 'announce', from: at(0), until: at(5) }], /is another one/],
    ['is for others', [{ phase: 'announce', from: at(0), cohort: { share: '5 %' } }], /is another one/],
  ])('one that has begun and %s is refused, at a reload and at a start', async (_, phases, message) => {
    await world.open(begun)
    await world.settled()
    const next = configOf(phases)
    await expect(world.service.reload(next)).rejects.toThrow(message)
    await world.service[Symbol.asyncDispose]()
    await expect(createPortolan(next, world.runtime, { offline: true })).rejects.toThrow(message)
  })

  it('grows, and what is to come may change', async () => {
    await world.open([...begun, { phase: 'warn', from: at(9) }])
    await world.service.reload(configOf([...begun, { phase: 'warn', from: at(8) }]))
    await world.service.reload(configOf(begun))
  })

  it('is not changed by a reload that a phase has overtaken: no start would take it any more', async () => {
    const [first, second] = [
      [...begun, { phase: 'warn', from: at(1) }],
      [...begun, { phase: 'warn', from: at(2) }],
    ]
    await world.open(first)
    const slow = Promise.withResolvers<void>()
    world.files.set(
      '/slow.json',
      slow.promise.then(() => JSON.stringify(LIST)),
    )
    const reload = world.service.reload(configOf(second, { list: '/slow.json' }))
    await world.pass(DAY + 5000)
    slow.resolve()
    await expect(reload).rejects.toThrow(/warn-1, which began at 2026-01-02T.*, is another one/)
    expect((await world.ask(TAG)).status).toBe(200)
    await world.service[Symbol.asyncDispose]()
    await world.open(first)
  })

  it('is kept in another file when the config names another one', async () => {
    await world.open(begun)
    await world.settled()
    await world.service.reload(configOf(begun, { record: '/other.json' }))
    await world.pass(2000)
    await world.service[Symbol.asyncDispose]()
    const dropped = configOf([{ phase: 'warn', from: at(9) }], { record: '/other.json' })
    await expect(createPortolan(dropped, world.runtime, { offline: true })).rejects.toThrow('is missing')
  })

  it('is not begun by the record of another name, which it would write over', async () => {
    await world.open(begun)
    await world.settled()
    const renamed = configOf(begun, { host: 'older.example' })
    await expect(world.service.reload(renamed)).rejects.toThrow(
      'legacy.record: /record.json is that of old.example, and not of older.example; name another file',
    )
  })

  it('is not begun by a record that is none', async () => {
    world.files.set('/record.json', '{"version":2}')
    await expect(createPortolan(configOf(begun), world.runtime, { offline: true })).rejects.toThrow(
      'legacy.record: /record.json is no record of phases',
    )
  })
})
