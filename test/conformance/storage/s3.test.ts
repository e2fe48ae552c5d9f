import { startS3Server } from '../../support/s3-server.ts'
import { startScriptedS3 } from '../../support/s3-server-scripted.ts'
import { S3_SECRETS, s3Place } from './s3-place.ts'
import { describeStore } from './suite.ts'

describeStore('s3rver', async () => s3Place(await startS3Server()), {
  // It lists folder by folder, and cannot make tokens for the next page with the ciphers of today's OpenSSL. Two who
  // write the same key at once write into the same file.
  lacks: [
    ...['a range of the first byte', 'order', 'pages', 'news of an upload', 'writes that are whole'],
    'conditions',
  ] as const,
  secrets: S3_SECRETS,
})

describeStore('an S3 with conditional writes', async () => s3Place(await startScriptedS3()), {
  secrets: S3_SECRETS,
})
