import { expect, test } from 'vitest'
import { createTestClock } from '../../test/support/test-clock.ts'
import { PortolanError } from '../errors.ts'
import { UpstreamRests } from './upstream-rests.ts'

const unreachable = (facts: Record<string, unknown> = {}) => new PortolanError('UNREACHABLE', 'no', facts)

const rows: [name: string, error: unknown, quiet: number, ordered: number][] = [
  ['no answer', unreachable(), 10_000, 0],
  ['another error than ours', new Error('socket'), 10_000, 0],
  ['a server out of order', unreachable({ status: 500 }), 10_000, 0],
  ['429', unreachable({ status: 429 }), 5000, 5000],
  ['429 with Retry-After', unreachable({ status: 429, retryAfter: '60' }), 60_000, 60_000],
  ['503 with Retry-After', unreachable({ status: 503, retryAfter: '7' }), 7000, 7000],
  [
    'Retry-After as a date',
    unreachable({ status: 503, retryAfter: 'Thu, 01 Jan 2026 00:00:30 GMT' }),
    30_000,
    30_000,
  ],
  ['Retry-After that cannot be read', unreachable({ status: 503, retryAfter: 'soon' }), 10_000, 0],
  [
    'Retry-After in the past',
    unreachable({ status: 503, retryAfter: 'Thu, 01 Jan 2020 00:00:00 GMT' }),
    10_000,
    0,
  ],
  ['Retry-After of a year', unreachable({ status: 429, retryAfter: '31536000' }), 900_000, 900_000],
  ['a login that is refused', new PortolanError('ACCESS_DENIED', 'no', { status: 401 }), 0, 0],
  ['an answer that cannot be', new PortolanError('CONTENT_INVALID', 'no'), 0, 0],
]

test.each(rows)('after %s it is left alone', (_, error, quiet, ordered) => {
  const clock = createTestClock()
  const rests = new UpstreamRests(clock)
  rests.note('hub', error)
  const state = () => [rests.isQuiet('hub'), mustNotAsk(rests)]
  for (const at of [
    0, 1, 4999, 5000, 6999, 7000, 9999, 10_000, 29_999, 30_000, 59_999, 60_000, 899_999, 900_000,
  ]) {
    clock.advance(at - clock.now())
    expect({ at, state: state() }).toEqual({ at, state: [at < quiet, at < ordered] })
  }
  expect(rests.isQuiet('other')).toBe(false)
})

test('an answer ends it', () => {
  const rests = new UpstreamRests(createTestClock())
  rests.note('hub', unreachable({ status: 429 }))
  rests.answered('hub')
  expect(rests.isQuiet('hub')).toBe(false)
  expect(mustNotAsk(rests)).toBe(false)
})

test('whoever may not ask is told for how long', () => {
  const clock = createTestClock()
  const rests = new UpstreamRests(clock)
  rests.note('hub', unreachable({ status: 429, retryAfter: '60' }))
  clock.advance(20_500)
  expect(() => rests.check('hub')).toThrow(
    expect.objectContaining({ code: 'UNREACHABLE', facts: { status: 429, retryAfter: '40' } }),
  )
})

function mustNotAsk(rests: UpstreamRests): boolean {
  try {
    rests.check('hub')
    return false
  } catch {
    return true
  }
}
