import { systemClock } from '../clock.ts'
import type { SharedCache } from './bindings.ts'
import { Isolate, type IsolateOptions, type Platform } from './isolate.ts'
import { fetchUncached } from './runtime.ts'

/** What the door of a worker is made of; a config, a KV namespace that has one, or both. */
export type WorkerDoorOptions = IsolateOptions

/** What a worker exports by default. */
export interface WorkerDoor {
  fetch(request: Request): Promise<Response>
  /** What a cron trigger calls: checks all backends, for all isolates of the worker. */
  scheduled(): Promise<void>
}

const PLATFORM: Platform = {
  clock: systemClock,
  fetch: fetchUncached,
  // Absent outside of Cloudflare's own servers and those that stand in for them.
  cache: () => (globalThis as { readonly caches?: { readonly default?: SharedCache } }).caches?.default,
  print: (line) => console.log(line),
}

/** Makes the door of a worker. Nothing happens before the first request, since a worker may do nothing then. */
export function createWorkerDoor(options: WorkerDoorOptions): WorkerDoor {
  let isolate: Isolate | undefined
  const begun = () => {
    isolate ??= new Isolate(options, PLATFORM)
    return isolate
  }
  return {
    fetch: (request) => begun().answer(request),
    scheduled: () => begun().check(),
  }
}
