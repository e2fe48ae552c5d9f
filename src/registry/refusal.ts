import { type ErrorCode, PortolanError } from '../errors.ts'
import { readBody } from '../transport/read-body.ts'
import { isPassingStatus } from '../transport/retry.ts'
import type { RegistryQuestion } from './question.ts'

const BODY_MAX_BYTES = 64 * 1024
/** How much of a registry's own words an error repeats. */
const ECHO_MAX = 200

/**
 * The error for an answer that does not give what was asked for, with the registry's own reason where it has one. Its
 * facts have the `status` and, where it was sent, `Retry-After` as `retryAfter`. It is `ACCESS_DENIED` for 401 and 403,
 * `STORE_REFUSED` for a push to which the registry says no for good, and else `UNREACHABLE`.
 */
export async function refusal(
  { url, what, facts, method = 'GET' }: RegistryQuestion,
  response: Response,
): Promise<PortolanError> {
  const { status } = response
  const asked = new URL(url)
  // After a redirect it is a storage host that refuses, and the registry's credentials are not what is wrong.
  const answering = URL.parse(response.url) ?? asked
  const retryAfter = response.headers.get('Retry-After')
  const reason = await ownWords(response)
  const words = reason === undefined ? '' : ` (${reason})`
  const said = `${answering.host} answered ${method} with ${status}${words}${laterOf(response.headers)}`
  return new PortolanError(
    codeOf(status, method),
    `cannot ${verbOf(method)} ${what}: ${said}; ${remedy(status, method, asked, answering.host, reason)}`,
    { ...facts, status, ...(retryAfter !== null && { retryAfter }) },
  )
}

function codeOf(status: number, method: RegistryQuestion['method']): ErrorCode {
  if (status === 401 || status === 403) return 'ACCESS_DENIED'
  return verbOf(method) === 'push' && !isPassingStatus(status) ? 'STORE_REFUSED' : 'UNREACHABLE'
}

/** When a server wants to be asked again, in its own terms. */
function laterOf(headers: Headers): string {
  const later = headers.get('Retry-After') ?? ''
  if (/^[1-9]\d{0,8}$/.test(later)) return `, and wants to be left alone for ${later} s`
  const date = Date.parse(/^[A-Za-z]{3},/.test(later) ? later : '')
  return Number.isNaN(date) ? '' : `, and wants to be left alone until ${new Date(date).toISOString()}`
}

/** What a request is made for, in an error. */
export function verbOf(method: RegistryQuestion['method'] = 'GET'): 'get' | 'push' {
  return method === 'GET' || method === 'HEAD' ? 'get' : 'push'
}

function remedy(
  status: number,
  method: RegistryQuestion['method'],
  { host: registry, pathname }: URL,
  host: string,
  reason = '',
): string {
  if ((status === 401 || status === 403) && host !== registry)
    return 'the storage behind the registry refuses'
  if (status === 401) return `log in to ${registry}, and check that the name is right`
  if (status === 403)
    return `check that the account may ${verbOf(method) === 'get' ? 'pull from' : 'push to'} ${registry}, and that the name is right`
  if (status === 429) return 'ask for fewer requests per second, or later'
  // What is pushed is complete, but for platforms that were left out.
  if (method === 'PUT' && /^MANIFEST_(?:BLOB_)?UNKNOWN\b/.test(reason))
    return `${registry} takes no index of which a platform is missing: copy all platforms`
  if (status >= 500) return 'try again later'
  if (verbOf(method) === 'push') {
    if (status === 413) return 'raise the limit for bodies of the registry or of the proxy before it'
    if (pathname.includes('/manifests/') && ([409, 412].includes(status) || /immutable/i.test(reason)))
      return 'its tags may not be moved: choose another tag, or delete the one that is there'
    if (status === 404) return `make the repository first, if ${registry} makes none by itself`
    if (reason !== '') return `${registry} takes pushes, but not this one`
  }
  return `check that ${registry} is a registry, and its path`
}

/** The first error of the body of the OCI distribution spec 1.1, "Error Codes", printable and short. */
async function ownWords(response: Response): Promise<string | undefined> {
  try {
    const bytes = await readBody(response, BODY_MAX_BYTES)
    const { errors } = JSON.parse(new TextDecoder().decode(bytes)) as {
      errors: readonly { code?: unknown; message?: unknown }[]
    }
    const words = [errors[0]?.code, errors[0]?.message].filter((word) => typeof word === 'string').join(': ')
    return words.replace(/[^\x20-\x7e]/g, ' ').slice(0, ECHO_MAX) || undefined
  } catch {
    // An error page of a proxy, or nothing: the status has to do.
    return undefined
  }
}
