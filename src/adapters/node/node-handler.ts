import type { DoorReply } from '../../server/reply.ts'
import type { Door } from '../../server/request.ts'
import { type NodeIncoming, NodeRequest } from './node-request.ts'
import { type BodySink, cancelBody, isFlowing, sendBody } from './send-body.ts'

/** What a door needs of a response of `node:http`. */
export interface NodeResponse extends BodySink {
  readonly headersSent: boolean
  writeHead(status: number, headers: Record<string, string>): unknown
  flushHeaders(): unknown
  end(body?: string | Uint8Array): unknown
  destroy(): unknown
  /** Absent or `null` where the connection is gone. */
  readonly socket?: { resetAndDestroy?(): unknown } | null
  once(event: 'drain' | 'close', listener: () => void): unknown
}

/** Answers a request of `node:http`, or of a framework on top of it. */
export type NodeHandler = (incoming: NodeIncoming, response: NodeResponse) => void

/**
 * Mounts a door in a server that is there already. The raw target is what `node:http` read, so that every rule of the
 * grammar holds. `onError` is told of what made the door fail; a client that hangs up is none of it.
 */
export function createNodeHandler(door: Door, onError: (error: unknown) => void): NodeHandler {
  return (incoming, response) => {
    const failed = (error: unknown) => {
      onError(error)
      if (response.headersSent) breakOff(response)
      else {
        response.writeHead(500, { 'Content-Length': '0' })
        response.end()
      }
    }
    try {
      const reply = door(new NodeRequest(incoming, incoming.socket.remoteAddress ?? ''))
      if (reply instanceof Promise)
        reply.then((late) => write(late, incoming, response, failed)).catch(failed)
      else write(reply, incoming, response, failed)
    } catch (error) {
      failed(error)
    }
  }
}

function write(
  { status, headers, body }: DoorReply,
  { method }: NodeIncoming,
  response: NodeResponse,
  onError: (error: unknown) => void,
): void {
  response.writeHead(status, headers)
  if (!isFlowing(body) || method === 'HEAD') {
    response.end(method === 'HEAD' || isFlowing(body) ? undefined : body)
    cancelBody(body)
    return
  }
  // A body may take its time, and clients give up on an answer of which they have seen nothing.
  response.flushHeaders()
  const length = headers['Content-Length']
  const cancel = sendBody(body, response, {
    length: length === undefined ? undefined : Number(length),
    onProgress() {},
    onEnd: () => response.end(),
    onError,
  })
  response.once('close', cancel)
}

/** So that no client takes what it has for the whole: one of HTTP/1.0 knows the end of a body by our hanging up. */
function breakOff(response: NodeResponse): void {
  response.socket?.resetAndDestroy?.()
  response.destroy()
}
