import { isPage, QUOTA_ADVICE, speaksOfQuota } from '../driver/advice.ts'
import type { Action, Failure } from '../driver/failure.ts'
import { PageAnswer } from '../driver/page-answer.ts'
import type { S3Fill } from './s3-client.ts'

const PERMISSIONS: Readonly<Record<Action, string>> = {
  'look up': 's3:GetObject, and s3:ListBucket, without which a missing object is forbidden too',
  read: 's3:GetObject, and s3:ListBucket, without which a missing object is forbidden too',
  write: 's3:PutObject and s3:AbortMultipartUpload',
  list: 's3:ListBucket',
  delete: 's3:DeleteObject',
}

const REGION = 'set the region of the bucket, in the config or in AWS_REGION'
const BUCKET = 'there is no such bucket: create it, or correct its name in the config'

/** Words of services for credentials that are none. */
const CREDENTIALS = new Set([
  ...['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'ExpiredToken', 'NoCredentials'],
  ...['CredentialsProviderError', 'TokenProviderError', 'InvalidIdentityToken', 'AccessDeniedException'],
])

const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: BUCKET,
  NoSuchUpload: 'somebody else has ended the upload: begin it again',
  RegionMissing: REGION,
  PermanentRedirect: REGION,
  AuthorizationHeaderMalformed: REGION,
  RequestTimeTooSkewed: "set this machine's clock",
  BadDigest: 'what was sent was altered on the way',
  InvalidObjectState: 'it was moved to an archive: keep lifecycle rules away from this bucket',
}

/** Of an error of the SDK. */
interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: {
    readonly statusCode?: number
    readonly headers?: Readonly<Record<string, string | undefined>>
  }
}

/** Takes an error of the SDK apart; `credentials` is what to do about some that are none. */
export function takeApart(error: unknown, action: Action, credentials: string): Failure {
  if (!(error instanceof Error)) return {}
  if (error instanceof PageAnswer) return { status: error.status, page: true }
  const { $metadata, $response, name, message }: SdkError = error
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  if (status === undefined) {
    if (message === 'Region is missing') return { reason: 'RegionMissing', advice: REGION }
    const known = CREDENTIALS.has(name)
    return known ? { reason: name, explanation: message, advice: credentials } : {}
  }
  // The answer to a HEAD has no body, so that the SDK has no word for it but "Unknown" or the status.
  const reason = /^(?:Unknown.*|\d+|(?:Syntax|Type)?Error)$/.test(name) ? undefined : name
  const explanation = reason === undefined || message === reason ? undefined : message
  const headers = $response?.headers ?? {}
  const home = headers['x-amz-bucket-region']
  const advice = adviceOn(status, { reason, explanation, home }, action, credentials)
  return {
    ...{ status, reason, explanation, advice },
    passing: reason === 'BadDigest',
    page: isPage(headers['content-type']),
  }
}

function adviceOn(
  status: number,
  { reason = '', explanation, home }: Readonly<Record<'reason' | 'explanation' | 'home', string | undefined>>,
  action: Action,
  credentials: string,
): string | undefined {
  if (speaksOfQuota(reason, explanation) || status === 507) return QUOTA_ADVICE
  if (home !== undefined && /^[a-z0-9-]+$/.test(home) && (status === 301 || status === 400)) {
    return `the bucket is in ${home}: ${REGION}`
  }
  if (CREDENTIALS.has(reason)) return credentials
  if (ADVICE[reason] !== undefined) return ADVICE[reason]
  if (status === 401 || status === 403) return `the credentials need ${PERMISSIONS[action]}`
  if (status === 404) return reason === '' || reason === 'NotFound' ? BUCKET : credentials
  return status === 301 || status === 307 ? REGION : undefined
}

/** What to look at when credentials are refused. */
export function credentialsAdvice({ credentials }: Pick<S3Fill, 'credentials'>): string {
  if (credentials === undefined) {
    return 'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or what else the default chain of AWS reads (AWS_PROFILE, a role), or name what counts in fill.s3.credentials'
  }
  if ('profile' in credentials) {
    return `check the profile ${credentials.profile}, in ~/.aws/config and ~/.aws/credentials`
  }
  const places = Object.values(credentials).map((source) =>
    'file' in source ? source.file : source.variable,
  )
  return `check what is in ${places.join(', ')}`
}
