import type { Action, Failure } from '../driver/failure.ts'

const CREDENTIALS =
  'check what is set of AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN (either also with _ and the account in capitals at ' +
  'its end) and AZURE_STORAGE_CONNECTION_STRING'

const PERMISSIONS: Readonly<Record<Action, string>> = {
  'look up': 'read (r)',
  read: 'read (r)',
  write: 'create (c) and write (w)',
  list: 'list (l)',
  delete: 'delete (d)',
}

/** Takes an error of the SDK apart. */
export function takeApart(error: unknown, action: Action): Failure {
  if (!(error instanceof Error)) return {}
  const {
    statusCode: status,
    code,
    details,
  } = error as {
    statusCode?: number
    code?: string
    details?: { errorCode?: string }
  }
  if (status === undefined) return {}
  const reason = code ?? details?.errorCode
  return { status, reason, advice: adviceOn(status, reason, action) }
}

function adviceOn(status: number, reason: string | undefined, action: Action): string | undefined {
  if (reason === 'ContainerNotFound') {
    return 'there is no such container: create it, or correct its name in the config'
  }
  if (/Permission|ResourceTypeMismatch|ServiceMismatch/.test(reason ?? '')) {
    return `the SAS needs the permission to ${PERMISSIONS[action]}`
  }
  // What is not public is not found without credentials.
  return status === 401 || status === 403 || status === 404 || reason === 'NoAuthenticationInformation'
    ? CREDENTIALS
    : undefined
}
