import { openStore } from '../../../src/storage/open-store.ts'
import type { S3Server } from '../../support/s3-server.ts'
import { lend } from './lent.ts'
import type { Place } from './suite.ts'

/** A bucket as a place to open drivers on. */
export function s3Place(server: S3Server): Place {
  const fill = { kind: 's3', bucket: server.bucket, endpoint: server.origin, prefix: 'a/prefix' } as const
  const stranger = { AWS_ACCESS_KEY_ID: 'stranger', AWS_SECRET_ACCESS_KEY: 'a-wrong-secret' }
  return {
    open: () => openStore(fill, lend(server.environment)),
    openRefused: () => openStore(fill, lend(stranger)),
    openMissing: () => openStore({ ...fill, bucket: 'no-such-bucket' }, lend(server.environment)),
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

export const S3_SECRETS = ['a-wrong-secret', 'X-Amz-Signature', 'Signature=']
