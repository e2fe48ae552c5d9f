import type { Sender } from '../routing/locate.ts'
import type { DoorReply } from './reply.ts'

/** The door's view of a request: no `Request` object, so that a runtime's fast path need not build one. */
export interface DoorRequest extends Sender {
  readonly method: string
  /** Path and query as they stood on the wire. */
  readonly target: string
}

/** A service over HTTP: synchronous when everything is known. */
export type Door = (request: DoorRequest) => DoorReply | Promise<DoorReply>
