import { type Prefix, parsePrefix, prefixContains } from '../net/prefix.ts'

/**
 * Addresses that no cloud's customer can come from: what IANA's special-purpose registries (RFC 6890) mark as not
 * globally reachable, multicast, and 6to4, whose addresses stand for somebody else's IPv4 address.
 */
export const specialPrefixes: readonly Prefix[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
].map(parsePrefix)

/** The IPv6 addresses that are given out: all others are reserved, private, link-local or multicast (RFC 4291, 2.4). */
const GLOBAL_UNICAST = parsePrefix('2000::/3')

/** Whether every address of a prefix is one that a client on the internet may have. */
export function isPublicPrefix(prefix: Prefix): boolean {
  if (prefix.address.family === 6 && !(prefix.length >= 3 && overlap(prefix, GLOBAL_UNICAST))) return false
  return !specialPrefixes.some((special) => overlap(prefix, special))
}

/** Of two prefixes that overlap, one lies in the other. */
function overlap(left: Prefix, right: Prefix): boolean {
  return prefixContains(left, right.address) || prefixContains(right, left.address)
}
