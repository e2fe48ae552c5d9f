import { seededRandom } from '../../internal/seeded-random.ts'
import { traffic } from './traffic.ts'
import { drawVisit } from './visits.ts'

/** The month that a synthetic log is of: thirty days, eight of them Saturdays and Sundays, or nine. */
const BEGIN = Date.UTC(2026, 10)
const DAYS = 30
const HOUR = 3_600_000
/** How much more traffic the busiest hour of a day has than the average one, and the quietest less. */
const SWING = 0.3
/** Milliseconds from one request of a pull to the next. */
const APART = 40
/** Characters that are given at once. */
const PIECE = 64 * 1024

/** How many requests such a registry has in the month that a synthetic log is of. */
export const REQUESTS_PER_MONTH = DAYS * traffic.requestsPerDay

/** The begin of each hour, and the part of the month's requests that came before its end. */
const HOURS = hoursOf()

/**
 * A month of pulls in the form of a door's own access log, as many requests as are wanted: pieces of whole lines. The same
 * seed gives the same bytes.
 */
export function* syntheticLog({
  requests,
  seed,
}: {
  readonly requests: number
  readonly seed: number
}): Generator<string> {
  const random = seededRandom(seed)
  let count = 0
  let text = ''
  for (const { begin, share } of HOURS) {
    const until = Math.round(share * requests)
    const from = count
    while (count < until) {
      const { place, knownBy, network, requests: asked } = drawVisit(random)
      // In the order of time, but for pulls that overlap.
      const at = begin + Math.floor((HOUR * (count - from)) / (until - from))
      for (const [index, { method, target, size }] of asked.slice(0, requests - count).entries()) {
        const time = new Date(at + index * APART).toISOString()
        const sent = size === undefined ? '' : `,"bytes":${size},"bytesKnown":"listed"`
        text +=
          `{"level":"info","time":"${time}","id":"synthetic-${count.toString(36)}","method":"${method}","target":"${target}",` +
          `"status":307,"client":"${place}","knownBy":"${knownBy}","address":"${network}"${sent},"msg":"request"}\n`
        count++
      }
      if (text.length < PIECE) continue
      yield text
      text = ''
    }
  }
  if (text !== '') yield text
}

function hoursOf(): readonly { readonly begin: number; readonly share: number }[] {
  const weights = Array.from({ length: DAYS * 24 }, (_, hour) => {
    const weekday = new Date(BEGIN + hour * HOUR).getUTCDay()
    const day = weekday === 0 || weekday === 6 ? traffic.weekend : 1
    // Most clients are where it is afternoon when it is four o'clock in the afternoon in Europe.
    return day * (1 + SWING * Math.cos((2 * Math.PI * ((hour % 24) - 15)) / 24))
  })
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let before = 0
  return weights.map((weight, hour) => {
    before += weight
    return { begin: BEGIN + hour * HOUR, share: hour === weights.length - 1 ? 1 : before / total }
  })
}
