import { type Address, parseAddress, parseAddressSlice } from './address.ts'
import { type Prefix, prefixContains } from './prefix.ts'

/**
 * Who the client is and how that is known: it is the peer of the connection, or a trusted proxy names it in a header.
 * Where it is unknown, `reason` says why.
 */
export type ClientAddress =
  | { readonly via: 'peer' | 'header'; readonly address: Address }
  | { readonly via: 'unknown'; readonly address: undefined; readonly reason: UnknownReason }

/**
 * Why a client is unknown: the `peer` has no IP address, as over a Unix socket; the `header` of a trusted proxy names
 * none, being malformed or hiding it on purpose; or the client is `too-far`, behind more hops than are looked at.
 */
export type UnknownReason = 'peer' | 'header' | 'too-far'

/** The proxies whose header is believed, and its name in any case. */
export interface ClientAddressOptions {
  readonly trustedProxies: readonly Prefix[]
  /** `x-forwarded-for`, `forwarded`, or one that holds a single address, such as `cf-connecting-ip`. */
  readonly header: string
}

/** How much of a header is looked at, from the right: on the left, a client can make it as long as it likes. */
const HOPS_MAX = 32
const LENGTH_MAX = 4096

const PEER_UNKNOWN: ClientAddress = { via: 'unknown', address: undefined, reason: 'peer' }
const HEADER_UNKNOWN: ClientAddress = { via: 'unknown', address: undefined, reason: 'header' }
const TOO_FAR: ClientAddress = { via: 'unknown', address: undefined, reason: 'too-far' }

/** RFC 7239, section 6: the port of a node, given or obfuscated. */
const PORT = /^:(?:[0-9]{1,5}|_[A-Za-z0-9._-]+)$/

/**
 * Finds the client behind a peer. What the header says counts only from a trusted proxy, and only as far as trusted
 * proxies wrote it: its hops are read from the right, where each proxy adds the peer that it saw. The first that is not
 * a trusted proxy is the client; if all are, the leftmost. A hop without an address ends the search, since what stands
 * left of it may be an invention of the client.
 */
export function createClientAddress({
  trustedProxies,
  header,
}: ClientAddressOptions): (peer: string, header: (name: string) => string | undefined) => ClientAddress {
  const name = header.toLowerCase()
  const isTrusted: IsTrusted = (address) => {
    for (const proxy of trustedProxies) if (prefixContains(proxy, address)) return true
    return false
  }
  // A proxy sends many requests over one connection, so the last peer is most often this one too.
  let lastPeer = ''
  let peerClient = PEER_UNKNOWN
  let peerTrusted = false

  return (peer, headerOf) => {
    if (peer !== lastPeer) {
      const address = parseAddress(peer)
      peerClient = address === undefined ? PEER_UNKNOWN : { via: 'peer', address }
      peerTrusted = address !== undefined && isTrusted(address)
      lastPeer = peer
    }
    const value = peerTrusted ? headerOf(name) : undefined
    if (value === undefined) return peerClient
    if (name === 'x-forwarded-for') return clientOfHops(value, commaBefore, addressOf, isTrusted)
    if (name === 'forwarded') return clientOfHops(value, unquotedCommaBefore, addressOfElement, isTrusted)
    return toClient(value.length > LENGTH_MAX ? undefined : addressOf(value, 0, value.length))
  }
}

type IsTrusted = (address: Address) => boolean

function clientOfHops(
  value: string,
  separatorBefore: (text: string, end: number) => number,
  addressOfHop: (text: string, start: number, end: number) => Address | undefined,
  isTrusted: IsTrusted,
): ClientAddress {
  const text = value.length > LENGTH_MAX ? value.slice(-LENGTH_MAX) : value
  let end = text.length
  for (let hops = 0; hops < HOPS_MAX; hops++) {
    const comma = separatorBefore(text, end)
    if (comma < 0 && text !== value) return TOO_FAR
    const address = addressOfHop(text, comma + 1, end)
    if (comma < 0 || address === undefined || !isTrusted(address)) return toClient(address)
    end = comma
  }
  return TOO_FAR
}

function toClient(address: Address | undefined): ClientAddress {
  return address === undefined ? HEADER_UNKNOWN : { via: 'header', address }
}

function commaBefore(text: string, end: number): number {
  // A negative position would be taken for 0, and a comma there found for ever.
  return end === 0 ? -1 : text.lastIndexOf(',', end - 1)
}

function unquotedCommaBefore(text: string, end: number): number {
  return unquotedBefore(text, ',', 0, end)
}

/**
 * The last such character before `end` outside quoted strings, or `start - 1`. Read from the right, as a quote that the
 * client left open must not reach into what a proxy wrote.
 */
function unquotedBefore(text: string, character: string, start: number, end: number): number {
  let quoted = false
  for (let at = end - 1; at >= start; at--) {
    if (text[at] === '"' && !(quoted && isEscaped(text, at))) quoted = !quoted
    else if (text[at] === character && !quoted) return at
  }
  return start - 1
}

function isEscaped(text: string, at: number): boolean {
  let first = at
  while (text[first - 1] === '\\') first--
  return (at - first) % 2 === 1
}

/** The address in the `for` parameter of a `Forwarded` element; RFC 7239, section 4, allows one at most. */
function addressOfElement(text: string, start: number, end: number): Address | undefined {
  let address: Address | undefined
  let found = false
  for (let to = end; to >= start; ) {
    const from = unquotedBefore(text, ';', start, to) + 1
    const [name = ''] = text.slice(from, to).split('=', 1)
    if (name.trim().toLowerCase() === 'for') {
      if (found) return undefined
      found = true
      address = addressOf(text, from + name.length + 1, to)
    }
    to = from - 1
  }
  return address
}

/** The address of a hop in any form that proxies write: with a port or without, in brackets, in quotes, amid blanks. */
function addressOf(text: string, start: number, end: number): Address | undefined {
  let from = start
  let to = end
  while (from < to && isBlank(text, from)) from++
  while (from < to && isBlank(text, to - 1)) to--
  if (from < to && text.charCodeAt(from) === 0x22 /* " */) {
    from++
    to--
    if (from > to || text[to] !== '"') return undefined
  }
  return parseAddressSlice(text, from, to) ?? addressOfNode(text, from, to)
}

/** The address of `IPV4:PORT`, `[IPV6]` or `[IPV6]:PORT`, the nodes of RFC 7239, section 6, that are no bare address. */
function addressOfNode(text: string, from: number, to: number): Address | undefined {
  const bracketed = text[from] === '['
  const close = text.indexOf(bracketed ? ']' : ':', from)
  if (close < 0 || close >= to) return undefined
  if (bracketed && text.lastIndexOf(':', close) < from) return undefined
  const port = bracketed ? close + 1 : close
  if (port < to && !PORT.test(text.slice(port, to))) return undefined
  return parseAddressSlice(text, bracketed ? from + 1 : from, close)
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code === 0x20 || code === 0x09
}
