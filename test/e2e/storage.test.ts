import { describe } from 'vitest'
import { gcsPlace } from '../conformance/storage/gcs-place.ts'
import { S3_SECRETS, s3Place } from '../conformance/storage/s3-place.ts'
import { describeStore } from '../conformance/storage/suite.ts'
import { noFakeGcs, startFakeGcs } from '../support/fake-gcs.ts'
import { noVersitygw, startVersitygw } from '../support/versitygw.ts'

for (const missing of [noVersitygw, noFakeGcs]) {
  if (missing !== undefined) console.warn(`a store that others run is skipped; ${missing}`)
}

describe.skipIf(noVersitygw !== undefined)('an S3 gateway over a folder', () => {
  describeStore('versitygw', async () => s3Place(await startVersitygw()), {
    lacks: ['a key that is the folder of others'],
    secrets: S3_SECRETS,
  })
})

describe.skipIf(noFakeGcs !== undefined)('an emulator of Cloud Storage', () => {
  describeStore('fake-gcs-server', async () => gcsPlace(await startFakeGcs()), {
    // Asked what it has of an upload, it ends the upload there and then.
    lacks: ['credentials', 'news of an upload'],
    secrets: ['upload_id'],
  })
})
