import type { OciRequest } from '../oci/path.ts'
import type { Listed } from '../routing/decide.ts'
import type { DoorReply } from './reply.ts'

/** Answers the `HEAD` of a blob, or of a manifest by digest, with what an inventory says of it. */
export function answerListed({ size, mediaType }: Listed, request: OciRequest): DoorReply {
  const digest =
    request.kind === 'blob' ? request.digest : request.kind === 'manifest' ? request.reference : ''
  return {
    status: 200,
    headers: {
      'Content-Type': mediaType ?? 'application/octet-stream',
      'Content-Length': String(size),
      'Docker-Content-Digest': digest,
      ...(mediaType === undefined && { 'Accept-Ranges': 'bytes' }),
      // The door knows no more than that somebody near has it: where the content is to be fetched, it says each time.
      'Cache-Control': 'private, no-cache',
      'Docker-Distribution-Api-Version': 'registry/2.0',
    },
  }
}
