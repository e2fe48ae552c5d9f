import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { DoorReply } from '../../server/reply.ts'
import type { Door } from '../../server/request.ts'
import { NodeRequest } from './node-request.ts'

/** Answers a request of `node:http`, or of a framework on top of it. */
export type NodeHandler = (incoming: IncomingMessage, response: ServerResponse) => void

/**
 * Mounts a door in a server that is there already. The raw target is what `node:http` read, so that every rule of the
 * grammar holds. `onError` is told of what made the door fail; a client that hangs up is none of it.
 */
export function createNodeHandler(door: Door, onError: (error: unknown) => void): NodeHandler {
  return (incoming, response) => {
    const failed = (error: unknown) => {
      onError(error)
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { 'Content-Length': '0' }).end()
    }
    try {
      const reply = door(new NodeRequest(incoming, incoming.socket.remoteAddress ?? ''))
      if (reply instanceof Promise) reply.then((late) => write(late, incoming, response)).catch(failed)
      else write(reply, incoming, response).catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}

async function write(
  { status, headers, body }: DoorReply,
  { method }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(status, headers)
  if (body === undefined || method === 'HEAD') {
    response.end()
    if (body instanceof ReadableStream) await body.cancel()
    return
  }
  if (!(body instanceof ReadableStream)) {
    response.end(body)
    return
  }
  try {
    await pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), response)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}
