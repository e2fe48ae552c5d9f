import { z } from 'zod'
import { backendUrl, file, folder, textThat } from './values.ts'

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

const PROFILE = /^[\w.@+:/-]{1,128}$/
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/
/** A client id of a managed identity is a UUID. */
const IDENTITY = /^(?:system|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/** Where a secret is: a config says no secret itself. */
const secret = () =>
  z.strictObject({
    variable: textThat('the name of a variable of the environment', (value) => VARIABLE.test(value))
      .optional()
      .describe('Name of the variable of the environment that holds it.'),
    file: file()
      .optional()
      .describe('File that holds it and nothing else; relative to the folder of this file.'),
  })

const s3Credentials = z.strictObject({
  profile: textThat('the name of a profile', (value) => PROFILE.test(value))
    .optional()
    .describe(
      "A profile of AWS's own files, with whatever that says: keys, a role, a web identity, a login.",
    ),
  accessKeyId: secret().optional().describe('Where the id of an access key is.'),
  secretAccessKey: secret().optional().describe('Where its secret is.'),
  sessionToken: secret().optional().describe('Where the token is that temporary keys have.'),
})

const azureCredentials = z.strictObject({
  sharedKey: secret().optional().describe("Where the account's key is."),
  sas: secret().optional().describe('Where a shared access signature is.'),
  managedIdentity: textThat('system or the client id of an identity', (value) => IDENTITY.test(value))
    .optional()
    .describe("The machine's own identity (system), or the client id of another one that it has."),
  workloadIdentity: z
    .literal(true, { error: 'must be true' })
    .optional()
    .describe("A cluster's workload identity, as its webhook puts it into the environment."),
})

const gcsCredentials = z.strictObject({
  key: secret().optional().describe('Where the JSON of a key, or of another credential of Google, is.'),
})

/** How a store is written to: one of these; which one is there says how it is spoken to. */
export const fillSchema = z.strictObject({
  s3: z
    .strictObject({
      bucket: textThat('the name of an S3 bucket: 3 to 63 of a-z, 0-9, "." and "-"', (value) =>
        S3_BUCKET.test(value),
      ).describe('The bucket.'),
      region: textThat('a region, such as eu-west-3, or auto', (value) => REGION.test(value))
        .optional()
        .describe(
          'Its region; auto asks Amazon for it, and is what R2 is told. Without it, what the environment says (AWS_REGION).',
        ),
      endpoint: backendUrl().optional().describe('Where another service than Amazon speaks S3.'),
      prefix: keyPrefix(),
      addressing: z
        .enum(['path', 'virtualHost'])
        .optional()
        .describe(
          'Whether the bucket stands in the path or before the host. Without it: in the path with an endpoint, else before the host.',
        ),
      checksum: z
        .enum(['auto', 'sha256', 'md5', 'off'])
        .prefault('auto')
        .describe('Which checksum goes with what is written: auto tries what the service checks.'),
      credentials: s3Credentials
        .optional()
        .describe("Whose it is: a profile, or an access key. Without it, what AWS's default chain finds."),
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
      credentials: azureCredentials
        .optional()
        .describe('What lets us in: one of these. Without it, what the variables AZURE_STORAGE_… hold.'),
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
      credentials: gcsCredentials
        .optional()
        .describe('What lets us in. Without it, the Application Default Credentials; at http, none.'),
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
