import { startScriptedGcs } from '../../support/fake-gcs-scripted.ts'
import { gcsPlace } from './gcs-place.ts'
import { describeStore } from './suite.ts'

describeStore('a scripted Cloud Storage', async () => gcsPlace(await startScriptedGcs()), {
  lacks: ['credentials'],
  secrets: ['upload_id'],
})
