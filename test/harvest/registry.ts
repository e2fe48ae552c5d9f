import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Image } from './content.ts'

/** What a registry is asked for. */
export interface Asked {
  /** What the registry has under every name. */
  readonly image: Image
  readonly host: string
  readonly method: string
  readonly path: string
  /** Which part of a registry that is. */
  readonly part: 'ping' | 'manifest' | 'blob' | 'config' | 'other'
  /** The tag or digest after `/manifests/`, the digest after `/blobs/`. */
  readonly reference: string
  readonly headers: IncomingMessage['headers']
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: string | Uint8Array
  /** After half of the body: the connection is closed, reset, or nothing more is sent. */
  readonly breaks?: 'close' | 'reset' | 'stall'
}

/** `undefined` lets the registry answer as it should; `'silence'` is for ever. */
export type Answerer = (asked: Asked) => Answer | 'silence' | undefined

/** Answers as a registry that has one image under every name and tag, but for what a fault says; `reset` is the end of its connection. */
export function answerAs(
  image: Image,
  fault: Answerer | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  reset = () => {},
): void {
  const asked = readAsked(image, request)
  const answer = fault?.(asked) ?? asItShould(image, asked)
  if (answer !== 'silence') send(answer, asked.method, response, reset)
}

function readAsked(image: Image, { url = '', method = '', headers }: IncomingMessage): Asked {
  const path = url.split('?')[0]!
  const [, kind, reference = ''] = /\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? []
  const part =
    path === '/v2/' || path === '/v2'
      ? 'ping'
      : kind === 'manifests'
        ? 'manifest'
        : reference === image.config.digest
          ? 'config'
          : kind === 'blobs'
            ? 'blob'
            : 'other'
  return { image, host: (headers.host ?? '').split(':')[0]!, method, path, part, reference, headers }
}

function asItShould(image: Image, { part, reference }: Asked): Answer {
  if (part === 'ping') return json(200, {})
  if (part === 'manifest') {
    const { bytes, type, digest } = image.manifest
    return { status: 200, body: bytes, headers: { 'Content-Type': type!, 'Docker-Content-Digest': digest } }
  }
  const blob = image.blobs.get(reference)
  if (blob !== undefined) return { status: 200, body: blob.bytes, headers: BYTES }
  return json(404, { errors: [{ code: 'UNSUPPORTED', message: 'not here' }] })
}

export const BYTES = { 'Content-Type': 'application/octet-stream' }

export function json(status: number, body: object, headers: Answer['headers'] = {}): Answer {
  return { status, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...headers } }
}

function send(
  { status, headers = {}, body = '', breaks }: Answer,
  method: string,
  response: ServerResponse,
  reset: () => void,
): void {
  const bytes = Buffer.from(body)
  response.on('error', () => {})
  response.writeHead(status, { 'Content-Length': bytes.length, ...headers })
  if (method === 'HEAD') response.end()
  else if (breaks === undefined) response.end(bytes)
  else
    response.write(bytes.subarray(0, bytes.length / 2), () => {
      if (breaks === 'close') response.socket?.end()
      if (breaks === 'reset') reset()
    })
}
