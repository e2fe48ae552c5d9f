import type { Listener, ListenOptions } from '../adapters/listener.ts'
import { claimAddress, listen } from '../adapters/node/listen.ts'
import type { Config } from '../config/config.ts'
import { formatListenAddress } from '../config/listen-address.ts'
import type { PortolanError } from '../errors.ts'
import { type ComposeOptions, composePortolan, createPortolan, type Portolan } from '../server/compose.ts'
import { lateDoor } from './late-door.ts'
import { WorkerGroup } from './processes/worker-group.ts'
import { createRefusalLog, type RefusalLog } from './refusal-log.ts'
import { type ReloaderOptions, refuseToReload, reloadOnChange } from './reload.ts'
import type { ProcessRuntime } from './runtime.ts'
import { ServedIdentities } from './served-identities.ts'

/** How long a signal leaves for everything up to the last answer, in milliseconds; the process ends within 10 s. */
const SHUTDOWN = 9_000
/** What the delay leaves at least of that, for requests that run. */
const LEAST_DRAIN = 1_000
/** Of the operator and of Prometheus; the door's limit leaves some for them. */
const ADMIN_CONNECTIONS = 32

/** A service that listens. */
export interface RunningService {
  readonly door: Listener
  readonly admin?: Listener
  /** Settles when every backend has been tried once. */
  readonly tried: Promise<void>
  /** Settles when the service has drained after SIGTERM or SIGINT; rejects when it could not go on. */
  readonly ended: Promise<void>
  /** How many requests and connections were refused before the door saw them, by status. */
  readonly refused: RefusalLog['counts']
}

/** A file that a config was read from. */
export interface ReadFile {
  readonly file: string
  /** What `printOf` said of it before that: what changed since, were it while the service starts, is put in force. */
  readonly print: string | undefined
}

export interface RunServiceOptions {
  /** Where the config came from: another one is put in force when the file changes, and on SIGHUP. */
  readonly file?: ReadFile | undefined
  /**
   * How long the door goes on after a signal while `/readyz` already says no, each answer the last of its connection, in
   * milliseconds: for whoever sends clients here to notice. At most 8,000.
   */
  readonly shutdownDelay?: number
  /** How many processes answer clients; with 1, the default, this one does itself. */
  readonly workers?: number
}

/**
 * Starts the door and its admin service, and drains both on SIGTERM and SIGINT; a second signal ends at once. Throws
 * `LISTEN_FAILED` before anything has begun when an address cannot be had.
 */
export async function runService(
  config: Config,
  runtime: ProcessRuntime,
  { file, shutdownDelay = 0, workers = 1 }: RunServiceOptions = {},
): Promise<RunningService> {
  const { log } = runtime
  let isOpen = false
  const refusals = createRefusalLog(log, runtime)
  const identities = await ServedIdentities.open(config, runtime)
  const started = Promise.withResolvers<Portolan>()
  const { door, admin, group } = await openListeners(config, identities, started.promise, runtime, workers, {
    onError: (error) => log.error({ err: error }, 'a request failed unexpectedly'),
    onRefused: refusals.note,
    reader: config.listener,
  })
  let service: Portolan
  try {
    service = await startService(config, runtime, group, {
      listening: () =>
        isOpen && group?.isListening !== false
          ? addressOf(door, identities.of('door') !== undefined)
          : undefined,
      process: {
        refusals: () => refusals.counts,
        droppedLines: () => runtime.droppedLines(),
        certificateExpiries: () => identities.expiries(),
      },
    })
  } catch (error) {
    started.reject(error)
    await Promise.all([door.drain(0), admin?.drain(0)])
    throw error
  }
  started.resolve(service)
  let draining = false
  // Before every backend has been tried, clients would be sent farther than need be.
  const tried = service.tried.then(() => {
    if (!draining) isOpen = true
    log.info({}, 'every backend has been tried')
  })
  log.info(
    {
      listen: addressOf(door, identities.of('door') !== undefined),
      ...(admin && { admin: addressOf(admin, identities.of('admin') !== undefined) }),
    },
    `the ${config.delivery === 'relay' ? 'mirror' : 'door'} is open`,
  )

  const reloading = { service, log, started: config, identities }
  const stopReloading =
    file === undefined
      ? refuseToReload(service, log)
      : beginReloading({ ...file, ...reloading }, group, runtime)

  const stopFollowing = identities.follow({ door, admin })

  const delay = Math.min(shutdownDelay, SHUTDOWN - LEAST_DRAIN)
  const ended = untilTheEnd(group).then(async (why) => {
    draining = true
    isOpen = false
    stopReloading()
    stopFollowing()
    if (typeof why === 'string')
      log.info({ signal: why, delayMs: delay }, 'draining: requests that run may finish')
    else log.error({ why: why.message }, 'the service cannot go on')
    door.announceEnd()
    await new Promise((resolve) => setTimeout(resolve, delay))
    await door.drain(SHUTDOWN - delay)
    await service[Symbol.asyncDispose]()
    await admin?.drain(0)
    log.info({ droppedLines: runtime.droppedLines() }, 'drained')
    await runtime.flush()
    if (typeof why !== 'string') throw why
  })
  return { door, ...(admin && { admin }), tried, ended, refused: refusals.counts }
}

/** Makes the service and, where others are to answer its clients, these. */
async function startService(
  config: Config,
  runtime: ProcessRuntime,
  group: WorkerGroup | undefined,
  options: ComposeOptions,
): Promise<Portolan> {
  if (group === undefined) return createPortolan(config, runtime, options)
  const service = await composePortolan(config, runtime, {
    ...options,
    process: { ...options.process, workers: () => group.readings },
    otherMetrics: () => group.counts(),
    otherRetries: () => group.retries(),
  })
  try {
    await group.begin(service.shared)
    return service
  } catch (error) {
    await service[Symbol.asyncDispose]()
    throw error
  }
}

function beginReloading(
  options: ReloaderOptions,
  group: WorkerGroup | undefined,
  runtime: ProcessRuntime,
): () => void {
  return reloadOnChange({
    ...options,
    ...(group && { prepare: (next) => group.prepare(next) }),
    onReload: ({ log: { level } }) => runtime.setLevel(level),
  })
}

/** The signal that asks for the end, or why the service cannot go on. */
function untilTheEnd(group: WorkerGroup | undefined): Promise<string | PortolanError> {
  return group === undefined ? onSignal() : Promise.race([onSignal(), group.failed])
}

/** As the log and the admin service say it: `0.0.0.0:8080`, or `https://0.0.0.0:8443`. */
function addressOf(listener: Listener, isTls: boolean): string {
  return `${isTls ? 'https://' : ''}${formatListenAddress(listener)}`
}

/** Takes both addresses; what comes before the service is there waits for it. */
async function openListeners(
  config: Config,
  identities: ServedIdentities,
  service: Promise<Portolan>,
  runtime: ProcessRuntime,
  workers: number,
  options: Pick<ListenOptions, 'onError' | 'onRefused' | 'reader'>,
): Promise<{ door: Listener; admin: Listener | undefined; group?: WorkerGroup }> {
  // Those who wait are told by their own promise.
  service.catch(() => {})
  const admin =
    config.admin &&
    (await listen(lateDoor(service.then(({ admin }) => admin)), {
      ...config.admin,
      ...options,
      tls: identities.of('admin'),
      maxConnections: ADMIN_CONNECTIONS,
    }))
  try {
    if (workers > 1) {
      const port = await claimAddress(config.listen)
      const group = new WorkerGroup(workers, config, port, identities.of('door'), runtime)
      return { door: group, admin, group }
    }
    const door = await listen(lateDoor(service.then(({ door }) => door)), {
      ...config.listen,
      ...options,
      shedsLoad: true,
      tls: identities.of('door'),
    })
    return { door, admin }
  } catch (error) {
    await admin?.drain(0)
    throw error
  }
}

/** The first signal that asks for the end; whoever sends a second one meets nobody who listens, and ends the process. */
function onSignal(): Promise<string> {
  return new Promise((resolve) => {
    const first = (signal: string) => {
      process.removeListener('SIGTERM', first)
      process.removeListener('SIGINT', first)
      resolve(signal)
    }
    process.on('SIGTERM', first)
    process.on('SIGINT', first)
  })
}
