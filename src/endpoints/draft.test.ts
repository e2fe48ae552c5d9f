import fc from 'fast-check'
import { expect, it } from 'vitest'
import { daysAfter } from './day.ts'
import { draftStatement } from './draft.ts'
import { readStatement } from './read-statement.ts'
import { standingOf } from './standing.ts'
import { type EndpointsStatement, formatStatement } from './statement.ts'

const host = (name: string) => ({ host: name, port: 443, why: [`store ${name}`] })
const [A, B, C] = [host('a.example'), host('b.example'), host('c.example')]
const FIRST = draftStatement({
  ...{ registry: 'registry.example', hosts: [A, B], today: '2026-11-01', notice: 14 },
})
const next = (parts: object) =>
  draftStatement({
    ...{ registry: 'registry.example', hosts: [A, B], previous: FIRST, today: '2026-12-01', notice: 14 },
    ...parts,
  })
const of = ({ endpoints }: EndpointsStatement, name: string) => endpoints.find(({ host }) => host === name)

it('the first list is in force at once', () => {
  expect(FIRST).toMatchObject({ serial: 1, since: '2026-11-01' })
  expect(standingOf(FIRST, 'https://b.example/x', '2026-11-01')).toEqual({ kind: 'open' })
  expect(standingOf(FIRST, 'https://b.example:444', '2026-11-01')).toEqual({ kind: 'unpublished' })
})

it('what is new waits for the notice, and in an emergency does not', () => {
  expect(of(next({ hosts: [A, B, C] }), 'c.example')).toMatchObject({
    announced: '2026-12-01',
    from: '2026-12-15',
  })
  expect(of(next({ hosts: [A, B, C], emergency: 'fire' }), 'c.example')).toMatchObject({
    ...{ from: '2026-12-01', emergency: 'fire' },
  })
})

it('what is no longer needed stays for the notice, then is left out; what comes back in time stays', () => {
  const leaving = next({ hosts: [A] })
  expect(of(leaving, 'b.example')).toMatchObject({ until: '2026-12-15' })
  expect(standingOf(leaving, 'https://b.example', '2026-12-15')).toEqual({ kind: 'open' })
  expect(standingOf(leaving, 'https://b.example', '2026-12-16')).toEqual({
    kind: 'over',
    until: '2026-12-15',
  })
  expect(of(next({ hosts: [A], previous: leaving, today: '2026-12-16' }), 'b.example')).toBeUndefined()
  expect(of(next({ previous: leaving, today: '2026-12-10' }), 'b.example')).toEqual(of(FIRST, 'b.example'))
  expect(of(next({ previous: leaving, today: '2026-12-20' }), 'b.example')).toMatchObject({
    from: '2027-01-03',
  })
})

it('a host that no client was sent to yet is taken back without an end', () => {
  const coming = next({ hosts: [A, B, C] })
  expect(of(next({ previous: coming, today: '2026-12-02' }), 'c.example')).toBeUndefined()
})

it('whatever comes and goes, each list is one that doors take', () => {
  const step = fc.record({
    hosts: fc.uniqueArray(fc.constantFrom(A, B, C), { minLength: 1 }),
    days: fc.nat(40),
    notice: fc.nat(30),
    emergency: fc.option(fc.constant('fire'), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let previous = FIRST
      let today = FIRST.issued
      for (const { days, emergency, ...rest } of steps) {
        today = daysAfter(today, days)
        const parts = { ...rest, previous, today, registry: 'registry.example' }
        previous = draftStatement(emergency === undefined ? parts : { ...parts, emergency })
        expect(readStatement(formatStatement(previous))).toEqual(previous)
      }
    }),
  )
})
