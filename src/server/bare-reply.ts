import type { DoorReply } from './reply.ts'

/** An answer as its method wants it: `HEAD` has the headers of `GET`, and no body (RFC 9110, 9.3.2). */
export function forMethod(method: string, { body, ...head }: DoorReply): DoorReply {
  return method === 'HEAD' || body === undefined ? head : { ...head, body }
}

/** 307 keeps the method; `private`, since the next client may be elsewhere and no shared cache can know that. */
export function redirect(location: string): DoorReply {
  return {
    status: 307,
    headers: {
      Location: location,
      'Cache-Control': 'private, no-cache',
      'Docker-Distribution-Api-Version': 'registry/2.0',
      'Content-Length': '0',
    },
  }
}
