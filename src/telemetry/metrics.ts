import { type Count, CounterFamily, type Description, type GaugeFamily, HistogramFamily } from './family.ts'
import { gauge } from './gauge.ts'
import { type LegacyReading, legacyCounters, legacyGauges } from './legacy-metrics.ts'

/** What the process around a service counts itself. */
export interface ProcessReadings {
  /** Requests and connections that were refused before they were requests, by status; `tls` for handshakes that failed. */
  readonly refusals?: () => Iterable<readonly [status: number | 'tls', count: number]>
  /** Log lines that were dropped, since their reader did not keep up. */
  readonly droppedLines?: () => number
  /** When the certificates that listeners show over TLS end, in seconds since 1970. */
  readonly certificateExpiries?: () => Iterable<readonly [listener: string, seconds: number]>
  /** Of a service of several processes: the workers that answer clients. */
  readonly workers?: () => WorkerReading
}

/** How the workers are. */
export interface WorkerReading {
  /** How many take requests. */
  readonly listening: number
  /** How many have ended though nobody asked them to. */
  readonly lost: number
  /** Messages that were dropped since a worker did not take them. */
  readonly droppedMessages: number
}

/** What is read, and not counted, when somebody asks for the metrics. */
export interface Readings extends ProcessReadings {
  requestsInFlight(): number
  backends(): Iterable<BackendReading>
  /** Who pays for backends, as far as this process keeps their accounts. */
  sponsors?(): Iterable<SponsorReading>
  /** How the phases of an old name stand; none where there is no old name. */
  legacy?(): Iterable<LegacyReading>
  /** `undefined` of a service that keeps nothing. */
  mirror?(): MirrorReading | undefined
  /** Seconds since 1970. */
  lastReloadSuccess(): number
  /** Seconds since each provider's ranges were fetched, or found to be the same still. */
  rangesAge(): Iterable<readonly [provider: string, seconds: number]>
}

/** How a sponsor stands; quantities are in its unit: a currency, or bytes. */
export interface SponsorReading {
  readonly id: string
  readonly unit: string
  readonly budget: number
  readonly spent: number
  readonly left: number
  readonly owed: number
  /** From 0 to 1. */
  readonly pace: number
  /** When its funds will be gone, in seconds since 1970; absent where they last. */
  readonly projectedEnd?: number
  /** One of `alarms`. */
  readonly alarm: string
  readonly alarms: readonly string[]
  /** Bytes that have no price. */
  readonly unpriced: number
}

/** What a mirror keeps, as it is now; sizes are bytes. */
export interface MirrorReading {
  /** How much of the disk it may take. */
  readonly size: number
  /** What lies there whole, and what is on its way. */
  readonly bytes: { readonly kept: number; readonly partial: number }
  readonly contents: number
  /** Downloads that go on. */
  readonly fills: number
  /** Whether the disk does not do what it should. */
  readonly hasTrouble: boolean
  /** Images that are always to be there. */
  readonly pinned: { readonly kept: number; readonly missing: number; readonly unknown: number }
}

/** One backend as it is now. */
export interface BackendReading {
  readonly id: string
  readonly inTraffic: boolean
  /** Absent where nothing is tried, as for an upstream on our own disk. */
  readonly health?: string
  /** What is remembered of what it holds, and how many probes run; absent where it is never asked. */
  readonly presence?: { readonly present: number; readonly negative: number; readonly running: number }
  /** Of the inventory that the door goes by; absent where there is none. */
  readonly inventory?: { readonly entries: number; readonly ageSeconds: number }
  /** Of a store that has to prove whose it is; `expiry` of the last proof that held, in seconds since 1970. */
  readonly ownership?: { readonly proven: boolean; readonly expiry?: number }
  /** Of a store: whether it lacks all that it should have. */
  readonly missesAll?: boolean
}

/** In seconds: a known answer takes microseconds, an unknown one up to the time budget of the config. */
const REQUEST_BOUNDS = [0.000_05, 0.0001, 0.000_25, 0.001, 0.005, 0.025, 0.1, 0.2, 0.3, 0.5, 1, 5, 30]
/** In seconds: up to the longest timeout that a config may set. */
const PROBE_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30]

const HEALTH = ['pending', 'healthy', 'degraded', 'ejected']

/**
 * Every metric of a service, by the conventions of Prometheus: base units, `_total` for what only grows.
 * docs/metrics.md says what each is for.
 */
export function createMetrics(readings: Readings) {
  const metrics = {
    requests: new CounterFamily({
      name: 'portolan_requests_total',
      help: 'Requests by what was asked for, what was decided and why; backend is empty where none is involved.',
      labels: ['class', 'decision', 'backend', 'reason'],
    }),
    policyRequests: new CounterFamily({
      name: 'portolan_policy_requests_total',
      help: 'Where a config has policies: requests by the policy of their client, where they went and why.',
      labels: ['policy', 'backend', 'reason'],
    }),
    responses: new CounterFamily({
      name: 'portolan_responses_total',
      help: 'Requests by the status of their answer.',
      labels: ['status'],
    }),
    requestDuration: new HistogramFamily({
      name: 'portolan_request_duration_seconds',
      help: 'Time until the answer to a request was known; sending a body comes after that.',
      labels: ['class'],
      bounds: REQUEST_BOUNDS,
    }),
    ...sentCounters(),
    ...legacyCounters(),
    presenceLookups: new CounterFamily({
      name: 'portolan_presence_lookups_total',
      help: 'Looks at whether a backend holds what was asked for: known already, or asked of the backend.',
      labels: ['backend', 'verdict', 'source'],
    }),
    probeDuration: new HistogramFamily({
      name: 'portolan_probe_duration_seconds',
      help: 'Time that probes took: of presence, one request each, and of health, a few.',
      labels: ['kind', 'backend'],
      bounds: PROBE_BOUNDS,
    }),
    backendChanges: new CounterFamily({
      name: 'portolan_backend_changes_total',
      help: 'Changes of the health of a backend, by what it became.',
      labels: ['backend', 'to'],
    }),
    spill: new CounterFamily({
      name: 'portolan_spill_total',
      help: 'Requests that a backend would have answered, were it not down: where they went instead.',
      labels: ['from', 'result'],
    }),
    verifications: new CounterFamily({
      name: 'portolan_verifications_total',
      help: 'Checks, after a client came back for a blob, of whether the store delivers it.',
      labels: ['backend', 'result'],
    }),
    retries: new CounterFamily({
      name: 'portolan_retries_total',
      help: 'Requests of clients that came back for the same content, by what was made of it (docs/retries.md).',
      labels: ['backend', 'reason'],
    }),
    inventoryRefreshes: new CounterFamily({
      name: 'portolan_inventory_refreshes_total',
      help: 'Attempts to have the newest inventory of a store.',
      labels: ['backend', 'result'],
    }),
    mirrorRequests: new CounterFamily({
      name: 'portolan_mirror_requests_total',
      help: 'Requests that a mirror answered: from what it keeps, from an upstream, unconfirmed, past its cache, or none.',
      labels: ['registry', 'class', 'cache'],
    }),
    mirrorBytes: new CounterFamily({
      name: 'portolan_mirror_bytes_total',
      help: 'Bytes of content that a mirror began to send to clients.',
      labels: ['registry', 'cache'],
    }),
    mirrorPassedBytes: new CounterFamily({
      name: 'portolan_mirror_passed_bytes_total',
      help: 'Bytes of blobs that a mirror took from backends for one client alone, and did not keep.',
      labels: [],
    }),
    mirrorFills: new CounterFamily({
      name: 'portolan_mirror_fills_total',
      help: 'Downloads into the cache of a mirror, by how they ended.',
      labels: ['result'],
    }),
    mirrorReceivedBytes: new CounterFamily({
      name: 'portolan_mirror_received_bytes_total',
      help: 'Bytes that a mirror took from backends into its cache.',
      labels: [],
    }),
    mirrorDroppedContents: new CounterFamily({
      name: 'portolan_mirror_dropped_contents_total',
      help: 'Contents that a mirror keeps no more: dropped for others, or found not to be what they were.',
      labels: ['why'],
    }),
    mirrorDroppedBytes: new CounterFamily({
      name: 'portolan_mirror_dropped_bytes_total',
      help: 'The bytes of these contents.',
      labels: ['why'],
    }),
    reloads: new CounterFamily({
      name: 'portolan_reloads_total',
      help: 'Attempts to put another config in force.',
      labels: ['result'],
    }),
  }
  return {
    ...metrics,
    families: [
      ...Object.values(metrics),
      ...gaugesOf(readings),
      ...sponsorGauges(readings),
      ...mirrorGauges(readings),
      ...legacyGauges(readings),
      ...workerGauges(readings),
      ...readCounters(readings),
    ],
  }
}

/** What clients are sent to backends for. */
function sentCounters() {
  return {
    backendBytes: new CounterFamily({
      name: 'portolan_backend_bytes_total',
      help: 'Bytes that clients were sent to a backend for, by how their number is known: listed in an inventory, probed, or estimated.',
      labels: ['backend', 'known'],
    }),
    sponsorBytes: new CounterFamily({
      name: 'portolan_sponsor_bytes_total',
      help: 'The same of all that a sponsor pays for.',
      labels: ['sponsor', 'known'],
    }),
    unsizedRequests: new CounterFamily({
      name: 'portolan_backend_unsized_requests_total',
      help: 'Requests that clients were sent to a backend with, of which nobody knows how many bytes they come to.',
      labels: ['backend'],
    }),
  }
}

/** What is read when somebody asks. */
function gaugesOf(readings: Readings): readonly GaugeFamily[] {
  return [
    gauge(
      'portolan_requests_in_flight',
      'Requests whose answer is not known yet.',
      [],
      () => [[[], readings.requestsInFlight()]],
      'sum',
    ),
    gauge('portolan_backend_up', 'Whether a backend is in traffic: 1 or 0.', ['backend'], function* () {
      for (const { id, inTraffic } of readings.backends()) yield [[id], Number(inTraffic)]
    }),
    gauge(
      'portolan_backend_health',
      'The health of a backend: 1 for the status that it has, 0 for the others.',
      ['backend', 'status'],
      function* () {
        for (const { id, health } of readings.backends()) {
          if (health === undefined) continue
          for (const status of HEALTH) yield [[id, status], Number(status === health)]
        }
      },
    ),
    gauge(
      'portolan_presence_entries',
      'What is remembered of a backend: contents that it holds, and such that it lacks or did not tell of.',
      ['backend', 'state'],
      function* () {
        for (const { id, presence } of readings.backends()) {
          if (presence === undefined) continue
          yield [[id, 'present'], presence.present]
          yield [[id, 'negative'], presence.negative]
        }
      },
      'max',
    ),
    gauge(
      'portolan_presence_probes_in_flight',
      'Probes of presence that run.',
      ['backend'],
      function* () {
        for (const { id, presence } of readings.backends()) {
          if (presence !== undefined) yield [[id], presence.running]
        }
      },
      'sum',
    ),
    gauge(
      'portolan_inventory_entries',
      'Contents in the inventory of a store that the door goes by.',
      ['backend'],
      function* () {
        for (const { id, inventory } of readings.backends()) if (inventory) yield [[id], inventory.entries]
      },
    ),
    gauge(
      'portolan_inventory_age_seconds',
      'How long ago the inventory of a store that the door goes by was made.',
      ['backend'],
      function* () {
        for (const { id, inventory } of readings.backends()) if (inventory) yield [[id], inventory.ageSeconds]
      },
    ),
    gauge(
      'portolan_store_misses_all',
      'Whether a store has lacked everything that it was asked for, for a minute and more: 1 or 0.',
      ['backend'],
      function* () {
        for (const { id, missesAll } of readings.backends()) {
          if (missesAll !== undefined) yield [[id], Number(missesAll)]
        }
      },
    ),
    gauge(
      'portolan_store_proven',
      'Whether a store that has to prove whose it is does so: 1 or 0.',
      ['backend'],
      function* () {
        for (const { id, ownership } of readings.backends()) {
          if (ownership !== undefined) yield [[id], Number(ownership.proven)]
        }
      },
    ),
    gauge(
      'portolan_store_proof_expiry_timestamp_seconds',
      'When the proof of ownership of a store will be too old.',
      ['backend'],
      function* () {
        for (const { id, ownership } of readings.backends()) {
          if (ownership?.expiry !== undefined) yield [[id], ownership.expiry]
        }
      },
    ),
    gauge(
      'portolan_last_reload_success_timestamp_seconds',
      'When the config in force was put in force.',
      [],
      () => [[[], readings.lastReloadSuccess()]],
    ),
    gauge(
      'portolan_tls_certificate_expiry_timestamp_seconds',
      'When the certificate that a listener shows over TLS ends.',
      ['listener'],
      function* () {
        for (const [listener, seconds] of readings.certificateExpiries?.() ?? []) yield [[listener], seconds]
      },
    ),
    gauge(
      'portolan_ranges_age_seconds',
      "How long ago a provider's ranges were fetched, or found to be the same still.",
      ['provider'],
      function* () {
        for (const [provider, seconds] of readings.rangesAge()) yield [[provider], seconds]
      },
    ),
  ]
}

/** Of a service with sponsors alone. */
function sponsorGauges({ sponsors }: Readings): readonly GaugeFamily[] {
  const quantity = (name: string, help: string, value: (reading: SponsorReading) => number) =>
    gauge(`portolan_sponsor_${name}`, help, ['sponsor', 'unit'], function* () {
      for (const reading of sponsors?.() ?? []) yield [[reading.id, reading.unit], value(reading)]
    })
  return [
    quantity('budget', 'What a sponsor pays for in a month, without credits.', ({ budget }) => budget),
    quantity('spent', 'What was spent of its funds in its month so far.', ({ spent }) => spent),
    quantity('left', 'What is left of its funds now, credits too.', ({ left }) => left),
    quantity('owed', 'What was spent in its month though nothing was left to pay it.', ({ owed }) => owed),
    gauge(
      'portolan_sponsor_pace',
      'How much of what would go to its backends does: from 0 to 1.',
      ['sponsor'],
      function* () {
        for (const { id, pace } of sponsors?.() ?? []) yield [[id], pace]
      },
    ),
    gauge(
      'portolan_sponsor_projected_end_timestamp_seconds',
      'When all its funds will be gone if it goes on as in the last day; none where they last.',
      ['sponsor'],
      function* () {
        for (const { id, projectedEnd } of sponsors?.() ?? []) {
          if (projectedEnd !== undefined) yield [[id], projectedEnd]
        }
      },
    ),
    gauge(
      'portolan_sponsor_alarm',
      'What an operator should know of it: 1 for what it is, 0 for the others.',
      ['sponsor', 'alarm'],
      function* () {
        for (const { id, alarm, alarms } of sponsors?.() ?? []) {
          for (const each of alarms) yield [[id, each], Number(each === alarm)]
        }
      },
    ),
    gauge(
      'portolan_sponsor_unpriced_bytes',
      "Bytes of its provider's month that have no price, and are not in what was spent.",
      ['sponsor'],
      function* () {
        for (const { id, unpriced } of sponsors?.() ?? []) yield [[id], unpriced]
      },
    ),
  ]
}

/** Of a mirror alone: of any other service they have no series. */
function mirrorGauges({ mirror }: Readings): readonly GaugeFamily[] {
  const read = (values: (reading: MirrorReading) => Iterable<readonly [readonly string[], number]>) => () => {
    const reading = mirror?.()
    return reading === undefined ? [] : values(reading)
  }
  return [
    gauge(
      'portolan_mirror_cache_size_bytes',
      'How much of the disk a mirror may take.',
      [],
      read(({ size }) => [[[], size]]),
    ),
    gauge(
      'portolan_mirror_cache_bytes',
      'How much of the disk a mirror takes: contents that are kept, and those on their way.',
      ['state'],
      read(({ bytes }) => Object.entries(bytes).map(([state, value]) => [[state], value])),
    ),
    gauge(
      'portolan_mirror_cache_contents',
      'Contents that a mirror keeps.',
      [],
      read(({ contents }) => [[[], contents]]),
    ),
    gauge(
      'portolan_mirror_fills_in_flight',
      'Downloads into the cache of a mirror that go on.',
      [],
      read(({ fills }) => [[[], fills]]),
    ),
    gauge(
      'portolan_mirror_disk_trouble',
      'Whether the disk of a mirror does not do what it should: 1 or 0.',
      [],
      read(({ hasTrouble }) => [[[], Number(hasTrouble)]]),
    ),
    gauge(
      'portolan_mirror_pinned_images',
      'Images that a mirror is always to have: those it has, those that are missing, and those not looked for yet.',
      ['state'],
      read(({ pinned }) => Object.entries(pinned).map(([state, value]) => [[state], value])),
    ),
  ]
}

function workerGauges({ workers }: ProcessReadings): readonly GaugeFamily[] {
  if (workers === undefined) return []
  return [gauge('portolan_workers', 'Workers that take requests.', [], () => [[[], workers().listening]])]
}

export type Metrics = ReturnType<typeof createMetrics>

/** Counters of the process around the service, where it lends them. */
function readCounters({ refusals, droppedLines, workers }: ProcessReadings): readonly ReadCounter[] {
  return [
    ...(refusals === undefined
      ? []
      : [
          readCounter(
            'portolan_refusals_total',
            'Requests and connections that were refused before they were requests, by status; tls for handshakes that failed.',
            ['status'],
            function* () {
              for (const [status, value] of refusals()) yield [[String(status)], { value }]
            },
          ),
        ]),
    ...(droppedLines === undefined
      ? []
      : [
          readCounter(
            'portolan_log_lines_dropped_total',
            'Log lines that were dropped, since their reader did not keep up.',
            [],
            () => [[[], { value: droppedLines() }]],
          ),
        ]),
    ...(workers === undefined
      ? []
      : [
          readCounter(
            'portolan_workers_lost_total',
            'Workers that have ended though nobody asked them to, each with another in its place.',
            [],
            () => [[[], { value: workers().lost }]],
          ),
          readCounter(
            'portolan_worker_messages_dropped_total',
            'Messages to workers that were dropped, since they did not keep up.',
            [],
            () => [[[], { value: workers().droppedMessages }]],
          ),
        ]),
  ]
}

/** A counter that somebody else counts, and that is read when it is asked for. */
export interface ReadCounter extends Description {
  readonly type: 'counter'
  series(): Iterable<readonly [values: readonly string[], value: Count]>
}

function readCounter(
  name: string,
  help: string,
  labels: readonly string[],
  series: ReadCounter['series'],
): ReadCounter {
  return { type: 'counter', name, help, labels, series }
}
