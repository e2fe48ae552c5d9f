import { parseAddress } from '../net/address.ts'

/** Names that nobody can register (RFC 6761, RFC 6762, RFC 8244's `.internal`, Kubernetes' own). */
const OURS = /^(?:[^.]+|.*\.(?:localhost|local|internal|svc|cluster\.local))$/

/**
 * Whether a request to the admin service names a host under which an operator would reach it: an address, a name that
 * nobody can register, or one that the config lists. A page that a browser loaded from anywhere else may have had its own
 * name resolved to this machine (DNS rebinding); it then still sends that name.
 */
export function isAdminHost(host: string | undefined, allowed: readonly string[]): boolean {
  if (host === undefined || host === '') return true
  const name = host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase()
  if (parseAddress(name.replace(/^\[|\]$/g, '')) !== undefined) return true
  return OURS.test(name) || allowed.includes(name)
}
