import { z } from 'zod'
import { backendUrl, folder, textThat } from './values.ts'

const REGION = /^[a-z0-9-]{1,63}$/
/** Amazon S3 user guide, "General purpose bucket naming rules". */
const S3_BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
/** Cloud Storage, "Bucket names": only those with dots may be longer than 63. */
const GCS_BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/
/** Azure Storage, "Resource naming restrictions"; `$root` and `$web` have a meaning of their own there. */
const AZURE_ACCOUNT = /^[a-z0-9]{3,24}$/
const AZURE_CONTAINER = /^(?=.{3,63}$)(?:[a-z0-9]+(?:-[a-z0-9]+)*|\$root|\$web)$/
const KEY_PREFIX = /^[A-Za-z0-9._~!$&'()*+,;=:@-]+$/
const KEY_PREFIX_MAX = 256

function isKeyPrefix(value: string): boolean {
  if (value === '') return true
  return (
    value.length <= KEY_PREFIX_MAX &&
    value.split('/').every((part) => KEY_PREFIX.test(part) && part !== '.' && part !== '..')
  )
}

const keyPrefix = () =>
  textThat(
    `a prefix of keys: at most ${KEY_PREFIX_MAX} characters that need no encoding in a URL, no "." and "..", no "/" at the ends`,
    isKeyPrefix,
  )
    .prefault('')
    .describe('What the keys of all objects begin with; a slash follows it.')

/** How a store is written to: one of these; which one is there says how it is spoken to. */
export const fillSchema = z.strictObject({
  s3: z
    .strictObject({
      bucket: textThat('the name of an S3 bucket: 3 to 63 of a-z, 0-9, "." and "-"', (value) =>
        S3_BUCKET.test(value),
      ).describe('The bucket.'),
      region: textThat('a region, such as eu-west-3, or auto', (value) => REGION.test(value))
        .optional()
        .describe('Its region. Without it, what the environment says (AWS_REGION).'),
      endpoint: backendUrl()
        .optional()
        .describe('Where another service than Amazon speaks S3; the bucket follows in the path.'),
      prefix: keyPrefix(),
    })
    .optional()
    .describe('A bucket of Amazon S3, or of what speaks the same.'),
  azureBlob: z
    .strictObject({
      account: textThat('the name of a storage account: 3 to 24 of a-z and 0-9', (value) =>
        AZURE_ACCOUNT.test(value),
      )
        .optional()
        .describe('The storage account. Either this or endpoint.'),
      endpoint: backendUrl().optional().describe('Where the account is served, if elsewhere than usual.'),
      container: textThat('the name of a container: 3 to 63 of a-z, 0-9 and single "-" between', (value) =>
        AZURE_CONTAINER.test(value),
      ).describe('The container.'),
      prefix: keyPrefix(),
    })
    .optional()
    .describe('A container of Azure Blob Storage.'),
  gcs: z
    .strictObject({
      bucket: textThat('the name of a bucket: 3 to 222 of a-z, 0-9, ".", "_" and "-"', (value) =>
        GCS_BUCKET.test(value),
      ).describe('The bucket.'),
      endpoint: backendUrl().optional().describe('Where it is served, if elsewhere than usual.'),
      prefix: keyPrefix(),
    })
    .optional()
    .describe('A bucket of Google Cloud Storage.'),
  folder: folder().optional().describe('A folder; relative to the folder of this file.'),
  partial: folder()
    .optional()
    .describe(
      'With folder: where uploads lie until they are whole, on the same file system; beside it unless this says otherwise.',
    ),
})
