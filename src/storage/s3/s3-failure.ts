import type { Action, Failure } from '../driver/failure.ts'

const PERMISSIONS: Readonly<Record<Action, string>> = {
  'look up': 's3:GetObject, and s3:ListBucket, without which a missing object is forbidden too',
  read: 's3:GetObject, and s3:ListBucket, without which a missing object is forbidden too',
  write: 's3:PutObject and s3:AbortMultipartUpload',
  list: 's3:ListBucket',
  delete: 's3:DeleteObject',
}

const CREDENTIALS =
  'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or what else the default chain of AWS reads ' +
  '(AWS_PROFILE, a role)'
const REGION = 'set the region of the bucket, in the config or in AWS_REGION'

const BUCKET = 'there is no such bucket: create it, or correct its name in the config'

const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: BUCKET,
  NoSuchUpload: 'somebody else has ended the upload: begin it again',
  InvalidAccessKeyId: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  InvalidToken: CREDENTIALS,
  ExpiredToken: CREDENTIALS,
  CredentialsProviderError: CREDENTIALS,
  NoCredentials: CREDENTIALS,
  RegionMissing: REGION,
  PermanentRedirect: REGION,
  AuthorizationHeaderMalformed: REGION,
  RequestTimeTooSkewed: "set this machine's clock",
}

/** Takes an error of the SDK apart. */
export function takeApart(error: unknown, action: Action): Failure {
  if (!(error instanceof Error)) return {}
  const { $metadata, $response, name } = error as {
    $metadata?: { httpStatusCode?: number }
    $response?: { statusCode?: number }
    name: string
  }
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  if (status === undefined) {
    if (error.message === 'Region is missing') return { reason: 'RegionMissing', advice: REGION }
    return ADVICE[name] === undefined ? {} : { reason: name, advice: ADVICE[name] }
  }
  // The answer to a HEAD has no body, so that the SDK has no word for it but "Unknown" or the status.
  const reason = /^(?:Unknown.*|\d+|Error)$/.test(name) ? undefined : name
  return { status, reason, advice: (reason && ADVICE[reason]) ?? adviceOn(status, reason, action) }
}

function adviceOn(status: number, reason: string | undefined, action: Action): string | undefined {
  if (status === 401 || status === 403) return `the credentials need ${PERMISSIONS[action]}`
  if (status === 404) return reason === undefined || reason === 'NotFound' ? BUCKET : CREDENTIALS
  return status === 301 || status === 307 ? REGION : undefined
}
