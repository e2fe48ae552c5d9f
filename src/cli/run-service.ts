import type { Listener } from '../adapters/listener.ts'
import { listen } from '../adapters/node/listen.ts'
import type { Config } from '../config/config.ts'
import { formatListenAddress } from '../config/listen-address.ts'
import { createPortolan } from '../server/compose.ts'
import { reloadOnChange } from './reload.ts'
import type { ProcessRuntime } from './runtime.ts'

/** How long requests that run may take to finish after a signal, in milliseconds; the process ends within 10 s. */
const DRAIN = 9_000

/** A service that listens. */
export interface RunningService {
  readonly door: Listener
  readonly admin?: Listener
  /** Settles when every backend has been tried once. */
  readonly tried: Promise<void>
  /** Settles when the service has drained after SIGTERM or SIGINT. */
  readonly ended: Promise<void>
}

/**
 * Starts the door and its admin service, and drains both on SIGTERM and SIGINT; a second signal ends at once. With
 * `file`, where the config came from, another one is put in force when that changes, and on SIGHUP.
 */
export async function runService(
  config: Config,
  runtime: ProcessRuntime,
  file?: string,
): Promise<RunningService> {
  const { log } = runtime
  let listening: string | undefined
  const service = await createPortolan(config, runtime, { listening: () => listening })
  const onError = (error: unknown) => log.error({ err: error }, 'a request failed unexpectedly')
  const admin = config.admin && (await listen(service.admin, { ...config.admin, onError }))
  let draining = false
  let door: Listener
  try {
    door = await listen(service.door, { ...config.listen, onError })
  } catch (error) {
    await admin?.drain(0)
    throw error
  }
  // Before every backend has been tried, clients would be sent farther than need be.
  const tried = service.tried.then(() => {
    if (!draining) listening = formatListenAddress(door)
    log.info({}, 'every backend has been tried')
  })
  log.info(
    { listen: `${door.host}:${door.port}`, ...(admin && { admin: `${admin.host}:${admin.port}` }) },
    'the door is open',
  )

  const stopReloading =
    file === undefined
      ? () => {}
      : reloadOnChange({
          file,
          service,
          log,
          started: config,
          onReload: ({ log: { level } }) => runtime.setLevel(level),
        })

  const ended = new Promise<void>((resolve) => {
    const drain = (signal: string) => {
      process.removeListener('SIGTERM', drain)
      process.removeListener('SIGINT', drain)
      draining = true
      listening = undefined
      stopReloading()
      void service[Symbol.asyncDispose]()
      log.info({ signal }, 'draining: no new connections, requests that run may finish')
      Promise.all([door.drain(DRAIN)])
        .then(() => admin?.drain(0))
        .then(() => {
          log.info({}, 'drained')
          runtime.flush()
          resolve()
        })
    }
    process.on('SIGTERM', drain)
    process.on('SIGINT', drain)
  })
  return { door, ...(admin && { admin }), tried, ended }
}
