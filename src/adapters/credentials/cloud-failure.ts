import { PortolanError } from '../../errors.ts'

/** Names that the libraries of clouds give to failures of the network. */
const NETWORK = /timeout|network|ECONN|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|UND_ERR|socket|REQUEST_SEND_ERROR/i

/**
 * What kept a cloud from giving a login: `UNREACHABLE` or `ACCESS_DENIED`, with the name of the failure and not its
 * message, which may repeat what was sent.
 */
export function cloudFailure(host: string, needed: string, error: unknown): PortolanError {
  if (error instanceof PortolanError) return error
  const { name, code, cause } = error as { name?: unknown; code?: unknown; cause?: { code?: unknown } }
  const words = [name, code, cause?.code].filter(
    (word) => typeof word === 'string' && /^[\w.-]{1,64}$/.test(word),
  )
  const what = [...new Set(words)].filter((word) => word !== 'Error').join(', ') || 'it failed'
  const isNetwork = words.some((word) => NETWORK.test(String(word)))
  const message = `there is no login to ${host} from its cloud (${what}); ${needed}`
  return new PortolanError(isNetwork ? 'UNREACHABLE' : 'ACCESS_DENIED', message, { registry: host })
}
