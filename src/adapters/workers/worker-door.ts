import { Isolate, type IsolateOptions } from './isolate.ts'

/** What the door of a worker is made of; a config, a KV namespace that has one, or both. */
export type WorkerDoorOptions = IsolateOptions

/** What a worker exports by default. */
export interface WorkerDoor {
  fetch(request: Request): Promise<Response>
  /** What a cron trigger calls: checks all backends, for all isolates of the worker. */
  scheduled(): Promise<void>
}

/** Makes the door of a worker. Nothing happens before the first request, since a worker may do nothing then. */
export function createWorkerDoor(options: WorkerDoorOptions): WorkerDoor {
  let isolate: Isolate | undefined
  const begun = () => {
    isolate ??= new Isolate(options)
    return isolate
  }
  return {
    fetch: (request) => begun().answer(request),
    scheduled: () => begun().check(),
  }
}
