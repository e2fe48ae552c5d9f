import { type Address, parseAddress } from './address.ts'
import { parsePrefix, prefixContains } from './prefix.ts'

/** From where a host can be reached: this machine, this link, a private network, or everywhere. */
export type HostZone = 'loopback' | 'link-local' | 'private' | 'public'

/** Of IANA's special-purpose registries (RFC 6890), what leads to a machine nearby; the first that matches counts. */
const ZONES = (
  [
    // On most systems, to connect to 0.0.0.0 or :: is to connect to oneself.
    ['loopback', ['127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128']],
    // Clouds answer for their instances' secrets at 169.254.169.254, 169.254.170.2 and fd00:ec2::254.
    ['link-local', ['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::/32']],
    ['private', ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.0.0.0/24', '192.168.0.0/16']],
    ['private', ['198.18.0.0/15', 'fc00::/7', 'fec0::/10', '64:ff9b:1::/48']],
  ] as const
).flatMap(([zone, prefixes]) => prefixes.map((text) => ({ zone, prefix: parsePrefix(text) })))

/** IPv6 addresses that carry an IPv4 address: NAT64 (RFC 6052), compatible (RFC 4291, 2.5.5.1), 6to4 (RFC 3056). */
const NAT64 = parsePrefix('64:ff9b::/96')
const COMPATIBLE = parsePrefix('::/96')
const SIX_TO_FOUR = parsePrefix('2002::/16')

/** Names that nobody can register: RFC 6761, 6762 and 8375, `.internal` by ICANN's resolution, Kubernetes' own. */
const LOCAL_NAME = /^(?:[^.]+|.*\.(?:localhost|local|internal|home\.arpa|svc|cluster\.local))$/
/** Under these, clouds answer an instance as under 169.254.169.254. */
const METADATA_NAME = /^(?:metadata|instance-data|metadata\.google\.internal|metadata\.goog)$/

/** Whether nobody can register a name, so that it means something on one network only. Lower case, no dot at its end. */
export function isLocalName(name: string): boolean {
  return LOCAL_NAME.test(name)
}

/** The zone of an address; of one that stands for an IPv4 address, that one's. */
export function zoneOfAddress(address: Address): HostZone {
  const found = ZONES.find(({ prefix }) => prefixContains(prefix, address))
  if (found !== undefined) return found.zone
  const inner = carriedAddress(address)
  return inner === undefined ? 'public' : zoneOfAddress(inner)
}

/** The zone that a URL's host shows without being resolved: that of a literal, or of a name that nobody can register. */
export function zoneOfHost(hostname: string): HostZone {
  const host = hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
  const address = parseAddress(host)
  if (address !== undefined) return zoneOfAddress(address)
  if (host === 'localhost' || host.endsWith('.localhost')) return 'loopback'
  if (METADATA_NAME.test(host)) return 'link-local'
  return isLocalName(host) ? 'private' : 'public'
}

function carriedAddress(address: Address): Address | undefined {
  if (address.family === 4) return undefined
  const { word0, word1, word3 } = address
  const ipv4 = (word: number): Address => ({ family: 4, word0: word, word1: 0, word2: 0, word3: 0 })
  if (prefixContains(NAT64, address) || prefixContains(COMPATIBLE, address)) return ipv4(word3)
  if (prefixContains(SIX_TO_FOUR, address)) return ipv4((word0 << 16) | (word1 >>> 16))
  return undefined
}
