import type { FillConfig } from '../../config/config.ts'
import { isPage, QUOTA_ADVICE, speaksOfQuota } from '../driver/advice.ts'
import type { Action, Failure } from '../driver/failure.ts'
import { PageAnswer } from '../driver/page-answer.ts'

const PERMISSIONS: Readonly<Record<Action, string>> = {
  'look up': 'read (r)',
  read: 'read (r)',
  write: 'create (c) and write (w)',
  list: 'list (l)',
  delete: 'delete (d)',
}

const ROLE = 'the role Storage Blob Data Contributor at the container'

const ADVICE: Readonly<Record<string, string>> = {
  ContainerNotFound: 'there is no such container: create it, or correct its name in the config',
  KeyBasedAuthenticationNotPermitted:
    'the account takes no keys and signatures of keys: use fill.azureBlob.credentials with an identity',
  AuthorizationFailure: "the account's firewall lets nobody in from here",
  BlobImmutableDueToPolicy: 'a policy keeps it as it is for a while',
  Md5Mismatch: 'what was sent was altered on the way',
  AccountIsDisabled: 'the account is off: see to its subscription',
}

/** Of Azure's libraries. */
interface SdkError extends Error {
  readonly statusCode?: number
  readonly code?: string
  readonly details?: { readonly errorCode?: string; readonly message?: string }
  readonly response?: { readonly headers?: { get(name: string): string | undefined } }
}

/** Takes an error of the SDK apart; `credentials` is what to do about some that are none. */
export function takeApart(error: unknown, action: Action, credentials: string): Failure {
  if (!(error instanceof Error)) return {}
  if (error instanceof PageAnswer) return { status: error.status, page: true }
  const { statusCode: status, code, details, response, name, message }: SdkError = error
  // Of its library for identities, which has no token to ask with.
  if (/^(?:CredentialUnavailable|(?:Aggregate)?Authentication(?:Required)?)Error$/.test(name)) {
    return { reason: name, explanation: firstLine(message), advice: credentials }
  }
  if (status === undefined) return {}
  const reason = code ?? details?.errorCode
  const explanation = reason === undefined ? undefined : firstLine(details?.message ?? message)
  return {
    ...{ status, reason, explanation },
    advice: adviceOn(status, reason, explanation, action, credentials),
    passing: reason === 'Md5Mismatch',
    page: isPage(response?.headers?.get('content-type')),
  }
}

function adviceOn(
  status: number,
  reason = '',
  explanation: string | undefined,
  action: Action,
  credentials: string,
): string | undefined {
  if (ADVICE[reason] !== undefined) return ADVICE[reason]
  if (speaksOfQuota(reason, explanation)) return QUOTA_ADVICE
  if (/Permission|ResourceTypeMismatch|ServiceMismatch/.test(reason)) {
    return `a SAS needs the permission to ${PERMISSIONS[action]}, an identity ${ROLE}`
  }
  // What is not public is not found without credentials.
  const isRefused = status === 401 || status === 403 || status === 404
  return isRefused || reason === 'NoAuthenticationInformation' ? credentials : undefined
}

/** The next ones name the request. */
function firstLine(text: string): string | undefined {
  return text.split('\n')[0]
}

/** What to look at when credentials are refused. */
export function credentialsAdvice({
  credentials,
}: Pick<Extract<FillConfig, { kind: 'azureBlob' }>, 'credentials'>): string {
  if (credentials === undefined) {
    return 'check what is set of AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN (either also with _ and the account in capitals at its end) and AZURE_STORAGE_CONNECTION_STRING, or name what counts in fill.azureBlob.credentials'
  }
  if ('workloadIdentity' in credentials) return `check the workload identity of this pod, which needs ${ROLE}`
  if ('managedIdentity' in credentials) {
    return `check the managed identity of this machine (${credentials.managedIdentity}), which needs ${ROLE}`
  }
  const source = 'sas' in credentials ? credentials.sas : credentials.sharedKey
  return `check what is in ${'file' in source ? source.file : source.variable}`
}
