// Bytes that a client may send, mostly nearly right: what is nonsense throughout is refused by its first byte.

/** One case: what a client sends, and where it is cut into packets. */
export interface FuzzCase {
  readonly seed: number
  readonly text: string
  readonly pieces: readonly string[]
}

/** From 0 up to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const METHODS = ['GET', 'GET', 'GET', 'GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'get', 'CONNECT', 'GETT', '']
const TARGETS = ['/a', '/b?x=1', '/', '*', 'http://x/a', '/\xe9', '/a b', '/%zz', '//a', '/a#b', 'a', '']
const VERSIONS = [
  ' HTTP/1.1',
  ' HTTP/1.1',
  ' HTTP/1.1',
  ' HTTP/1.1',
  ' HTTP/1.0',
  ' HTTP/2.0',
  ' http/1.1',
  '',
]
const ENDS = ['\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n']
const COLONS = [': ', ': ', ': ', ': ', ':', ':\t', ' :', '']
const FIELDS: readonly (readonly [string, readonly string[]])[] = [
  ['Accept', ['*/*', '', 'a, b', '\x7f', '\xe9', '\t x \t']],
  ['X-Forwarded-For', ['1.1.1.1', '::1, 2.2.2.2', '"']],
  ['Host', ['other.test', '', 'a b', 'x:80']],
  ['host', ['y']],
  ['Connection', ['keep-alive', 'close', 'Close, x', 'upgrade', '', 'keep-alive, close']],
  ['Proxy-Connection', ['close', 'keep-alive']],
  ['Content-Length', ['0', '3', '3', '5', '00', '+3', '3, 3', '-1', '0x3', '99999999999999999999']],
  [
    'Transfer-Encoding',
    ['chunked', 'chunked', 'Chunked', 'gzip', 'gzip, chunked', 'chunked, chunked', 'identity'],
  ],
  ['Expect', ['100-continue', 'x', '']],
  ['Upgrade', ['h2c', 'websocket']],
  ['X y', ['z']],
  ['', ['z']],
  [' folded', ['z']],
  ['\tfolded', ['z']],
]
const BODIES = [
  '',
  '',
  '',
  '',
  'abc',
  '3\r\nabc\r\n0\r\n\r\n',
  '0\r\n\r\n',
  '3;x\r\nabc\r\n0\r\nT: u\r\n\r\n',
  '\r\n',
  'G',
]
const MUTATIONS = ['\0', '\r', '\n', ' ', ':', '\x80', '\t', 'A', '\r\n', '\r\n\r\n']

/** The case of a seed. */
export function generateCase(seed: number): FuzzCase {
  const random = randomOf(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const one = <T>(list: readonly T[]) => list[below(list.length)]!
  const field = () => {
    const [name, values] = one(FIELDS)
    return `${name}${one(COLONS)}${one(values)}${one(ENDS)}`
  }
  const plain = (target: string) => `GET ${target} HTTP/1.1\r\nHost: door.test\r\n\r\n`
  const request = () => {
    if (random() < 0.3) return plain(one(['/c', '/d?e']))
    const host = random() < 0.9 ? 'Host: door.test\r\n' : ''
    const fields = Array.from({ length: below(4) }, field).join('')
    return `${one(METHODS)} ${one(TARGETS)}${one(VERSIONS)}${one(ENDS)}${host}${fields}\r\n${one(BODIES)}`
  }
  let text = Array.from({ length: 1 + below(3) }, request).join('')
  if (random() < 0.3) {
    const at = below(text.length)
    text = text.slice(0, at) + one(MUTATIONS) + text.slice(at + below(3))
  }
  // Whether a parser is in step with the client shows by this one.
  if (random() < 0.7) text += plain('/last')
  return { seed, text, pieces: cut(text, below) }
}

function cut(text: string, below: (limit: number) => number): string[] {
  const pieces: string[] = []
  let from = 0
  for (let left = below(4); left > 0 && from < text.length; left--) {
    const to = from + 1 + below(text.length - from)
    pieces.push(text.slice(from, to))
    from = to
  }
  if (from < text.length) pieces.push(text.slice(from))
  return pieces
}
