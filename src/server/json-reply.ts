import type { DoorReply } from './reply.ts'

/** A tag may move and a referrer may come at any moment; a cache in front may still take the brunt of a rollout. */
export const BRIEF = 'public, max-age=60'

/** A list as JSON, which changes from time to time. */
export function jsonReply(mediaType: string, value: unknown): DoorReply {
  const body = new TextEncoder().encode(JSON.stringify(value))
  return {
    status: 200,
    headers: {
      'Content-Type': mediaType,
      'Content-Length': String(body.length),
      'Cache-Control': BRIEF,
      'Docker-Distribution-Api-Version': 'registry/2.0',
    },
    body,
  }
}
