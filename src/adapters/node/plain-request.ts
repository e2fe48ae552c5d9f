import type { DoorRequest } from '../../server/request.ts'
import { HEADER_LIMITS } from '../listener.ts'

const MAX_LENGTH = 8192
/** A shorter text cannot have more fields than are allowed: each is a name, a colon and a line break at the least. */
const FEW_FIELDS = 4 * HEADER_LIMITS.count

const REQUEST_LINE = /^(GET|HEAD) (\/[!-~]*) HTTP\/1\.1\r\n/

/** Fields that say where a request ends or what becomes of its connection; Host has its own place in the grammar. */
const SPECIAL = String.raw`(?:(?:proxy-)?connection:(?![\t ]*keep-alive[\t ]*\r)|(?:content-length|expect|host|transfer-encoding|upgrade):)`
const FIELD = String.raw`(?!${SPECIAL})[!#$%&'*+\-.^_\x60|~0-9a-z]+:[\t -~]*\r\n`
const HOST = String.raw`host:[\t -~]*\r\n`
const FIELDS = new RegExp(String.raw`(?:${FIELD})*${HOST}(?:${FIELD})*\r\n`, 'iy')

/**
 * A GET or HEAD as nearly every client sends it: the grammar of RFC 9112 without anything that two parsers could read
 * in two ways. An origin-form target of visible ASCII, exactly one Host, no body, no folded line, no bare CR or LF.
 */
export class PlainRequest implements DoorRequest {
  readonly method: string
  readonly target: string
  readonly peer: string
  readonly #text: string

  private constructor(method: string, target: string, peer: string, text: string) {
    this.method = method
    this.target = target
    this.peer = peer
    this.#text = text
  }

  /** Reads a text that is one such request from its first byte to its last; `undefined` for anything else. */
  static parse(text: string, peer: string): PlainRequest | undefined {
    if (text.length > MAX_LENGTH) return undefined
    const line = REQUEST_LINE.exec(text)
    if (line === null) return undefined
    FIELDS.lastIndex = line[0].length
    if (!FIELDS.test(text) || FIELDS.lastIndex !== text.length) return undefined
    // The request line and the empty one are lines too.
    if (text.length > FEW_FIELDS && countLines(text) > HEADER_LIMITS.count + 2) return undefined
    return new PlainRequest(line[1]!, line[2]!, peer, text)
  }

  /** As it stood on the wire. */
  bytes(): Buffer {
    return Buffer.from(this.#text, 'latin1')
  }

  header(name: string): string | undefined {
    const pattern = patternOf(name)
    pattern.lastIndex = 0
    let found: string | undefined
    for (let match = pattern.exec(this.#text); match !== null; match = pattern.exec(this.#text)) {
      const value = match[1]!.trimEnd()
      found = found === undefined ? value : `${found}, ${value}`
    }
    return found
  }
}

function countLines(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

/** The names are those that our own code and config ask for, so they are few. */
const patterns = new Map<string, RegExp>()

function patternOf(name: string): RegExp {
  let pattern = patterns.get(name)
  if (pattern === undefined) {
    const literal = name.replace(/[^a-z0-9-]/g, String.raw`\$&`)
    pattern = new RegExp(String.raw`\r\n${literal}:[\t ]*([\t -~]*)`, 'gi')
    patterns.set(name, pattern)
  }
  return pattern
}
