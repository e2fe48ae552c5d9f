import { parseAddress } from '../net/address.ts'
import type { ListenAddress } from './config.ts'

const ADDRESS = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})$/
const HOST_NAME = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i
const HOST_MAX = 253

/** Reads `HOST:PORT`, `[IPV6]:PORT`, or `:PORT` for every interface; port 0 takes a free one. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = ADDRESS.exec(text)
  if (match === null) return undefined
  const [, ipv6, host = ''] = match
  const port = Number(match[3])
  if (port > 65_535) return undefined
  if (ipv6 !== undefined) return parseAddress(ipv6) && ipv6.includes(':') ? { host: ipv6, port } : undefined
  if (host === '') return { host: '', port }
  // Digits and dots alone are an IPv4 address or a slip in one, never a name.
  const valid = /^[0-9.]+$/.test(host)
    ? parseAddress(host) !== undefined
    : host.length <= HOST_MAX && HOST_NAME.test(host)
  return valid ? { host, port } : undefined
}

/** Reads the name of a host, in lower case; `undefined` for what is none, addresses among it. */
export function readHostName(text: string): string | undefined {
  const isName = text.length <= HOST_MAX && HOST_NAME.test(text) && !/^[0-9.]+$/.test(text)
  return isName ? text.toLowerCase() : undefined
}

/** Writes an address, the inverse of {@link parseListenAddress}. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Whether two listeners would want the same port of the same interface. */
export function listenAddressesCollide(one: ListenAddress, other: ListenAddress): boolean {
  if (one.port !== other.port || one.port === 0) return false
  return one.host === other.host || isEveryInterface(one.host) || isEveryInterface(other.host)
}

function isEveryInterface(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}
