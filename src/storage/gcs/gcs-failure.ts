import type { Action, Failure } from '../driver/failure.ts'

const PERMISSIONS: Readonly<Record<Action, string>> = {
  'look up': 'storage.objects.get',
  read: 'storage.objects.get',
  write: 'storage.objects.create, and storage.objects.delete to replace',
  list: 'storage.objects.list',
  delete: 'storage.objects.delete',
}

/** An answer that is not what was asked for; its body goes no further than the reason. */
export class GcsRefusal extends Error {
  override readonly name = 'GcsRefusal'
  readonly status: number
  readonly reason: string | undefined

  constructor(status: number, body: string) {
    super(`answered ${status}`)
    this.status = status
    this.reason = readReason(body)
  }
}

/** Takes what a request threw apart. */
export function takeApart(error: unknown, action: Action): Failure {
  if (!(error instanceof GcsRefusal)) return {}
  const { status, reason } = error
  return { status, reason, advice: adviceOn(status, action) }
}

function adviceOn(status: number, action: Action): string | undefined {
  if (status === 404) return 'there is no such bucket: create it, or correct its name in the config'
  if (status === 401)
    return 'check GOOGLE_APPLICATION_CREDENTIALS or run gcloud auth application-default login'
  return status === 403 ? `the credentials need ${PERMISSIONS[action]}` : undefined
}

function readReason(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body)
    const reason = error?.errors?.[0]?.reason ?? error?.status
    return typeof reason === 'string' ? reason : undefined
  } catch {
    return undefined
  }
}
