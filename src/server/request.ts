import type { DoorReply } from './reply.ts'

/** The door's view of a request: no `Request` object, so that a runtime's fast path need not build one. */
export interface DoorRequest {
  readonly method: string
  /** Path and query as they stood on the wire. */
  readonly target: string
  /** Address of the connection's other end; empty when there is none, as on a unix socket. */
  readonly peer: string
  /** A header by its lower-case name; several of one name are joined by `, ` in their order. */
  header(name: string): string | undefined
}

/** A service over HTTP: synchronous when everything is known. */
export type Door = (request: DoorRequest) => DoorReply | Promise<DoorReply>
