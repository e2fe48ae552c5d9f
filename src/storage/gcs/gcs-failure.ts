import { isPage, QUOTA_ADVICE, speaksOfQuota } from '../driver/advice.ts'
import type { Action, Failure } from '../driver/failure.ts'

const PERMISSIONS: Readonly<Record<Action, string>> = {
  'look up': 'storage.objects.get',
  read: 'storage.objects.get',
  write: 'storage.objects.create, and storage.objects.delete to replace',
  list: 'storage.objects.list',
  delete: 'storage.objects.delete',
}

/** Of limits in time, to which the service says 403 too. */
const RATES = /^(?:userRateLimitExceeded|rateLimitExceeded)$/

const ADVICE: Readonly<Record<string, string>> = {
  accountDisabled: 'the project is off: see to its billing',
  UserProjectAccountProblem: 'the project is off: see to its billing',
  retentionPolicyNotMet: 'a retention policy keeps it as it is for a while',
  objectUnderActiveHold: 'a hold keeps it as it is',
}

/** An answer that is not what was asked for; its body goes no further than what it says of why. */
export class GcsRefusal extends Error {
  override readonly name = 'GcsRefusal'
  readonly status: number
  readonly reason: string | undefined
  readonly explanation: string | undefined
  readonly page: boolean

  constructor(status: number, body: string, contentType: string | null) {
    super(`answered ${status}`)
    this.status = status
    const { reason, explanation } = readBody(body)
    this.reason = reason
    this.explanation = explanation
    this.page = isPage(contentType)
  }
}

/** Takes what a request threw apart. */
export function takeApart(error: unknown, action: Action): Failure {
  if (!(error instanceof GcsRefusal)) return {}
  const { status, reason, explanation, page } = error
  const advice = adviceOn(error, action)
  return { status, reason, explanation, advice, page, passing: RATES.test(reason ?? '') }
}

function adviceOn({ status, reason = '', explanation }: GcsRefusal, action: Action): string | undefined {
  if (RATES.test(reason)) return undefined
  if (ADVICE[reason] !== undefined) return ADVICE[reason]
  if (speaksOfQuota(reason, explanation)) return QUOTA_ADVICE
  if (status === 404) return 'there is no such bucket: create it, or correct its name in the config'
  if (status === 401) {
    return 'check GOOGLE_APPLICATION_CREDENTIALS or run gcloud auth application-default login, or name a key in fill.gcs.credentials'
  }
  return status === 403 ? `the credentials need ${PERMISSIONS[action]}` : undefined
}

function readBody(body: string): { readonly reason?: string; readonly explanation?: string } {
  try {
    const { error } = JSON.parse(body)
    const reason = error?.errors?.[0]?.reason ?? error?.status
    return {
      ...(typeof reason === 'string' && { reason }),
      ...(typeof error?.message === 'string' && { explanation: error.message }),
    }
  } catch {
    return {}
  }
}
