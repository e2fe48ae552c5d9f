import { parseAddress } from '../net/address.ts'
import { isLocalName } from '../net/host-zone.ts'

/**
 * Whether a request to the admin service names a host under which an operator would reach it: an address, a name that
 * nobody can register, or one that the config lists. A page that a browser loaded from anywhere else may have had its own
 * name resolved to this machine (DNS rebinding); it then still sends that name.
 */
export function isAdminHost(host: string | undefined, allowed: readonly string[]): boolean {
  if (host === undefined || host === '') return true
  const name = host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase()
  if (parseAddress(name.replace(/^\[|\]$/g, '')) !== undefined) return true
  return isLocalName(name) || allowed.includes(name)
}
