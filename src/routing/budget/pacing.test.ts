import { describe, expect, it, test } from 'vitest'
import { seededRandom } from '../../internal/seeded-random.ts'
import { beginPacing, isUsedUp, type PacingState, pace, projectedEnd } from './pacing.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const FROM = Date.parse('2026-11-01T00:00:00Z')
const UNTIL = Date.parse('2026-12-01T00:00:00Z')

interface Course {
  readonly spent: number
  /** At which moment the pace became which. */
  readonly changes: readonly { readonly at: number; readonly pace: number }[]
  readonly state: PacingState
  readonly daily: readonly number[]
  readonly projections: readonly (number | undefined)[]
}

/** Runs a month minute by minute; `demand` says what all clients would spend in a day, at a moment. */
function run(
  demand: (day: number) => number,
  { budget = 100, floor = 0, ceiling = 1, days = 30 } = {},
): Course {
  let state = beginPacing(ceiling)
  let spent = 0
  const changes: { at: number; pace: number }[] = []
  const daily: number[] = []
  const projections: (number | undefined)[] = []
  for (let at = FROM; at < FROM + days * DAY; at += MINUTE) {
    const left = [{ amount: budget - spent, of: budget, until: UNTIL }]
    const before = state.pace
    state = pace(state, { now: at, spent, left, floor, ceiling })
    if (state.pace !== before) changes.push({ at, pace: state.pace })
    const sent = (demand((at - FROM) / DAY) * state.pace * MINUTE) / DAY
    spent += sent
    const day = Math.floor((at - FROM) / DAY)
    daily[day] = (daily[day] ?? 0) + sent
    if ((at - FROM) % DAY === 0) projections.push(projectedEnd(state, left))
  }
  return { spent, changes, state, daily, projections }
}

const gaps = ({ changes }: Course) => changes.slice(1).map(({ at }, index) => at - changes[index]!.at)

const spike = (usual: number, from: number, to: number, times: number) => (day: number) =>
  day >= from && day < to ? usual * times : usual
/** Ten times as busy at noon as at midnight, as a registry is. */
const rhythm = (usual: number) => (day: number) => usual * (1 + 0.8 * Math.sin(2 * Math.PI * day))

describe('a budget of 100 over 30 days', () => {
  test.each<[string, (day: number) => number]>([
    ['twice as much is asked for, and ten times that on the third day', spike(6.7, 2, 3, 10)],
    ['a little more is asked for, and ten times that on the third day', spike(3.5, 2, 3, 10)],
    ['ten times as much is asked for, for three days', spike(3.6, 2, 5, 10)],
    ['ten times as much is asked for', () => 33],
    ['days and nights differ', rhythm(7)],
    [
      'days and nights differ, and the third day is ten times as busy',
      (day) => spike(1, 2, 3, 10)(day) * rhythm(7)(day),
    ],
    ['the spike comes on the last day but one', spike(5, 28, 29, 10)],
    ['the spike comes in the last hour but two', spike(5, 30 - 3 / 24, 30 - 2 / 24, 10)],
    ['a spike comes every day, for an hour', (day) => (day % 1 < 1 / 24 ? 50 : 5)],
    ['more is asked for each day', (day) => 1 + day],
    ['less is asked for each day', (day) => 40 - day],
  ])('%s: never over, 95 of it are used, and it changes once an hour at most', (_, demand) => {
    const course = run(demand)
    expect(course.spent).toBeLessThanOrEqual(100)
    expect(course.spent).toBeGreaterThanOrEqual(95)
    expect(Math.min(...gaps(course), HOUR)).toBe(HOUR)
  })

  it('is spent evenly where clients are the same every day', () => {
    const { daily } = run(rhythm(7))
    // The first hours know of no night yet.
    for (const spent of daily.slice(1)) expect(spent).toBeCloseTo(100 / 30, 0)
  })

  it('does not turn with day and night', () => {
    expect(run(rhythm(7)).changes.length).toBeLessThan(40)
  })

  it('lets all in where less is asked for than may be spent', () => {
    const { spent, changes } = run(() => 3)
    expect(spent).toBeCloseTo(90)
    expect(changes).toEqual([])
  })

  it('is closed at once when it is used up', () => {
    // 125 in a minute, of which nobody could know.
    const { spent, state, changes } = run(spike(3, 1, 2, 60_000))
    expect(spent).toBeGreaterThan(100)
    expect(spent).toBeLessThan(3 + 126)
    expect(changes.at(-1)!.at - (FROM + DAY)).toBeLessThan(3 * MINUTE)
    expect(state.pace).toBe(0)
  })

  it('opens again with the next month, at first for as many as it is known to last for', () => {
    const { state } = run(spike(3, 1, 2, 60_000), { days: 3 })
    expect(state.pace).toBe(0)
    const next = { now: UNTIL, spent: 128, left: [{ amount: 100, of: 100, until: UNTIL + 30 * DAY }] }
    const { pace: opened } = pace(state, { ...next, floor: 0, ceiling: 1 })
    expect(opened).toBe(0.001)
  })

  it('is open again as soon as there is less to be asked for', () => {
    const course = run(spike(5, 2, 3, 5000))
    expect(course.spent).toBeLessThanOrEqual(100)
    expect(course.spent).toBeGreaterThanOrEqual(95)
  })
})

describe('where few ask', () => {
  /** Each asks for the same, at moments of chance; who is let in is drawn for each. Gives what each tenth of a month took. */
  function runFew(each: number, perDay: number) {
    const random = seededRandom(1)
    let state = beginPacing(1)
    let spent = 0
    const tenths: number[] = []
    let changes = 0
    for (let at = FROM; at < UNTIL; at += MINUTE) {
      const before = state.pace
      const left = [{ amount: 100 - spent, of: 100, until: UNTIL }]
      state = pace(state, { now: at, spent, left, floor: 0, ceiling: 1 })
      if (state.pace !== before) changes++
      if (random() < (perDay * MINUTE) / DAY && random() < state.pace) spent += each
      const tenth = Math.floor((10 * (at - FROM)) / (UNTIL - FROM))
      tenths[tenth] = spent
    }
    return { tenths, changes }
  }

  it.each([
    [0.1, 60],
    [0.125, 55],
    [0.2, 40],
    [0.05, 300],
  ])(
    '%f at a time, %i times a day: it is spent evenly, as hours without anybody open nothing',
    (each, perDay) => {
      const { tenths, changes } = runFew(each, perDay)
      for (const [index, spent] of tenths.entries())
        expect(Math.abs(spent - 10 * (index + 1))).toBeLessThan(2)
      expect(tenths.at(-1)).toBeLessThanOrEqual(100)
      expect(changes).toBeLessThan(300)
    },
  )
})

describe('bounds', () => {
  it('keeps a share open whatever it costs, and says when it will be used up', () => {
    const { spent, projections, state } = run(() => 20, { floor: 0.25 })
    expect(spent).toBeCloseTo(150, -1)
    expect(state.pace).toBe(0.25)
    // 5 a day are 100 in 20 days.
    expect((projections[5]! - FROM) / DAY).toBeCloseTo(20, 0)
  })

  it('is never above its ceiling', () => {
    expect(run(() => 2, { ceiling: 0.5 }).spent).toBeCloseTo(30)
  })

  it('takes another bound at once', () => {
    const { state } = run(() => 1, { days: 1 })
    const left = [{ amount: 99, of: 100, until: UNTIL }]
    const input = { now: FROM + DAY, spent: 1, left, floor: 0 }
    expect(pace(state, { ...input, ceiling: 0.4 }).pace).toBe(0.4)
  })
})

it('goes by nothing that a clock which was put back has seen', () => {
  const { state } = run(() => 7, { days: 2 })
  const left = [{ amount: 90, of: 100, until: UNTIL }]
  const back = pace(state, { now: FROM + HOUR, spent: 10, left, floor: 0, ceiling: 1 })
  expect(back.samples).toHaveLength(1)
  expect(back.pace).toBe(state.pace)
})

it('remembers a day, and no more', () => {
  expect(run(() => 7, { days: 20 }).state.samples.length).toBeLessThan(90)
})

it('is plain data: what was written down and read again goes on the same', () => {
  const { state } = run(() => 7, { days: 3 })
  expect(JSON.parse(JSON.stringify(state))).toEqual(state)
})

it('waits while another one is steered', () => {
  const { state } = run(() => 7, { days: 3 })
  const input = {
    now: FROM + 3 * DAY + HOUR,
    spent: 95,
    left: [{ amount: 5, of: 100, until: UNTIL }],
    floor: 0,
    ceiling: 1,
  }
  expect(pace(state, { ...input, mustWait: true }).pace).toBe(state.pace)
  expect(pace(state, input).pace).toBeLessThan(state.pace)
})

it('has no projection for what lasts, and none for nothing', () => {
  expect(run(() => 3).projections.every((end) => end === undefined)).toBe(true)
  expect(projectedEnd(beginPacing(1), [])).toBeUndefined()
  expect(isUsedUp([])).toBe(true)
})
