import type { PriceTable } from '../prices/price-table.ts'
import type { EstimatedSizes } from './content-sizes.ts'
import { REMEMBERED_MAX } from './duplicates.ts'
import type { FormatId } from './logs/logged-request.ts'

/** By what a simulation was made. */
export interface AssumedFacts {
  readonly formats: readonly FormatId[]
  /** Logs with masked addresses, and logs with requests that have none. */
  readonly masked: readonly string[]
  readonly unaddressed: readonly string[]
  /** Whether what answers a client is drawn for it, as by splits, canaries and budgets. */
  readonly hasDraws: boolean
  /** Whether a rule is for prefixes of addresses. */
  readonly hasPrefixes: boolean
  /** Bytes that are reckoned, of all bytes of the first policy. */
  readonly estimatedShare: number
  readonly sizes: EstimatedSizes
  /** Stores without an inventory. */
  readonly unlisted: readonly string[]
  /** Backends that are everywhere. */
  readonly anycast: readonly string[]
  /** Configs whose clients are found without the lists of clouds. */
  readonly withoutLists: readonly string[]
  /** Configs in which no address has a place. */
  readonly withoutRanges: readonly string[]
  readonly prices: readonly PriceTable[]
  /** The backends that CDNs fetch from. */
  readonly origins: readonly string[]
  /** How many requests each one of the logs stands for. */
  readonly times: number
  /** Whether the log was made up. */
  readonly synthetic: boolean
  /** By how many minutes at once budgets are reckoned; absent where there are none. */
  readonly budgetMinutes?: number | undefined
  readonly hasSpill: boolean
  /** Whether a config publishes which hosts get clients. */
  readonly hasEndpoints: boolean
  readonly forgetsDuplicates: boolean
}

/** What is taken to be so without anybody knowing, in sentences for people: each may make the figures wrong. */
export function assumptionsOf(facts: AssumedFacts): readonly string[] {
  const { formats, sizes, unlisted, anycast, withoutLists, withoutRanges } = facts
  const has = (format: FormatId) => formats.includes(format)
  const said: (string | false)[] = [
    facts.synthetic &&
      'the log is made up: who asks, for what and when is drawn from data/sample-traffic.json, which says what of it is known',
    facts.estimatedShare > 0 &&
      `${(100 * facts.estimatedShare).toFixed(1)} % of the bytes are reckoned: a blob of which nobody knows the size counts ` +
        `${sizes.blob} bytes, and anything else ${sizes.other}; --inventory and logs of answers with bytes know better`,
    'a GET is for the whole content, unless the log has the bytes of its answer; a HEAD is for none',
    'each request is decided by itself: what clients, and doors that notice who comes back, do after a failure is not replayed',
    facts.hasDraws &&
      facts.masked.length > 0 &&
      `addresses are masked in ${listed(facts.masked)}, and each network is drawn as one client: the shares of splits, policies and budgets come out right where there are many networks, but single clients go elsewhere than the door sends them`,
    facts.hasDraws &&
      facts.unaddressed.length > 0 &&
      `requests without an address in ${listed(facts.unaddressed)} are drawn as one client, which goes by no policy with a share: the shares of splits, policies and budgets do not come out right`,
    facts.hasPrefixes &&
      facts.masked.length + facts.unaddressed.length > 0 &&
      `rules by prefix go by the first address of a masked network, and hold for nobody without an address: ${listed([...facts.masked, ...facts.unaddressed])}`,
    unlisted.length > 0 && `${listed(unlisted)} hold everything: --inventory ID=FILE says what they hold`,
    withoutLists.length > 0 &&
      `by ${listed(withoutLists)}, addresses are found by networks and countries alone, and no region is known: there is no range snapshot, which "portolan ranges update" makes`,
    withoutRanges.length > 0 &&
      `by ${listed(withoutRanges)}, no address has a place: the config has no clouds.snapshot`,
    anycast.length > 0 &&
      `${listed(anycast)}: each place has a cache of its own that keeps everything, and is 300 km away from everybody`,
    anycast.length > 0 &&
      `they fetch what they lack from ${listed(facts.origins)}: --fill-from says otherwise`,
    facts.times > 1 &&
      `each request of the logs stands for ${facts.times}; what CDNs fetch and stores are asked is that of the logs alone`,
    ...facts.prices.map(
      ({ name, asOf, source }) =>
        `prices of ${name} are of ${asOf} (${source}), for one account that sends nothing else`,
    ),
    'a round trip takes 2 ms and 15 µs a kilometre',
    ...budgetsOf(facts),
    facts.hasEndpoints &&
      'every backend gets clients, whether the published endpoints name its host yet or not',
    facts.hasSpill &&
      'of the requests of a backend that is down, as many move as spill allows in the mean, drawn one by one: a door counts them in each minute',
    has('archeio') && 'archeio logs no methods: all are taken for GET',
    has('s3') && 'a bucket logs no repositories: rules by repository do not apply to its lines',
    facts.forgetsDuplicates &&
      `lines that were shipped twice are told among the first ${REMEMBERED_MAX} requests, and of these later on`,
  ]
  return said.filter((sentence) => sentence !== false)
}

function budgetsOf({ budgetMinutes: minutes, times }: AssumedFacts): string[] {
  if (minutes === undefined) return []
  return [
    'budgets of sponsors are whole when the log begins, but for what the config says was spent, and are those of all doors together; what CDNs fetch is not paid from them',
    ...(minutes > 1
      ? [
          `there is so much in the log that sponsors' paces are reckoned by ${minutes} minutes at once, and not by one as in a door`,
        ]
      : []),
    ...(times > 1
      ? [
          `budgets pay for ${times} times each request at its moment: a day that stands for a month spends a month's money in a day, and the fewer the requests are, the larger are the lumps that paces go after`,
        ]
      : []),
  ]
}

/** A few, and how many more there are. */
function listed(names: readonly string[]): string {
  const different = [...new Set(names)]
  const shown = different.slice(0, 4).join(', ')
  return different.length > 4 ? `${shown} and ${different.length - 4} more` : shown
}
