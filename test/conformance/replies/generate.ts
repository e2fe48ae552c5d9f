import { seededRandom } from '../../support/seeded-random.ts'

// Answers that a server may send, mostly nearly right: what is nonsense throughout is refused by its first byte.

/** One case: what a server sends before it hangs up, and where it is cut into packets. */
export interface ReplyCase {
  readonly seed: number
  readonly text: string
  readonly pieces: readonly string[]
}

const STATUS_LINES = [
  ...['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.1 206 Partial Content', 'HTTP/1.1 404 Not Found'],
  ...['HTTP/1.1 200', 'HTTP/1.1 200 ', 'HTTP/1.1 307 \xe9', 'HTTP/1.1 100 Continue', 'HTTP/1.1 204 No'],
  ...['HTTP/1.1 304 Not Modified', 'HTTP/1.1 101 Switching', 'HTTP/1.1 600 X', 'HTTP/1.1 099 X'],
  ...[
    'HTTP/1.1 2000 OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.0 200 OK',
    'HTTP/2 200',
    'http/1.1 200 OK',
    'ICY 200 OK',
  ],
]
const LENGTHS = [
  '5',
  '5',
  '5',
  '5',
  '5',
  '0',
  '05',
  '+5',
  '-5',
  '5 ',
  '0x5',
  '5, 5',
  '5;',
  '',
  '٥',
  '1e1',
  '3',
  '9',
]
const FIELDS: readonly (readonly [name: string, values: readonly string[]])[] = [
  ['Content-Type', ['text/plain', '', '\t x \t', '\xe9', 'a\x7fb', 'a\0b']],
  ['Content-Range', ['bytes 0-4/5', 'bytes 2-6/9']],
  ['Docker-Content-Digest', ['sha256:abc']],
  ['X-A', ['b', 'c', '', 'a'.repeat(300), '"', 'a\x0bb']],
  ['x-a', ['d']],
  ['Set-Cookie', ['a=b', 'c=d']],
  ['Content-Length', LENGTHS],
  ['content-length', ['5', '6']],
  ['Transfer-Encoding', ['chunked', 'Chunked', 'gzip', 'identity', '', 'gzip, chunked']],
  ['Content-Encoding', ['gzip', 'identity', '']],
  ['Connection', ['close', 'keep-alive', 'upgrade', '']],
  ['Upgrade', ['h2c']],
  ['Trailer', ['X-T']],
  ['X y', ['z']],
  ['', ['z']],
  [' folded', ['z']],
  ['\tfolded', ['z']],
  ['Content_Length', ['7']],
  ['X\xe9', ['z']],
]
const ENDS = [...Array<string>(12).fill('\r\n'), '\n', '\r', '\r\r\n', '\r\n\t', ' \r\n']
const COLONS = [...Array<string>(9).fill(': '), ':', ':\t', ' : ', '']
const BODIES = ['hello', 'hello', 'hello', 'hello', 'hel', 'hello, and more', '', '5\r\nhello\r\n0\r\n\r\n']
const CHANGES = ['\0', '\r', '\n', ' ', ':', '\x80', '\t', 'A', '0', '\r\n', '\r\n\r\n', '\n\n', ';', ',']

/** The case of a seed. */
export function generateReply(seed: number): ReplyCase {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const one = <T>(list: readonly T[]) => list[below(list.length)]!
  // Else hardly any would be sound in all its parts.
  const mostly = (sound: string, list: readonly string[]) => (random() < 0.7 ? sound : one(list))
  const end = () => mostly('\r\n', ENDS)
  const field = () => {
    const [name, values] = one(FIELDS)
    return `${name}${mostly(': ', COLONS)}${one(values)}${end()}`
  }
  const fields = Array.from({ length: below(4) }, field)
  if (random() < 0.95)
    fields.splice(below(fields.length + 1), 0, `Content-Length: ${mostly('5', LENGTHS)}${end()}`)
  let text = `${mostly('HTTP/1.1 200 OK', STATUS_LINES)}${end()}${fields.join('')}${end()}${mostly('hello', BODIES)}`
  if (random() < 0.3) {
    const at = below(text.length)
    text = text.slice(0, at) + one(CHANGES) + text.slice(at + below(3))
  }
  const at = random() < 0.5 ? below(text.length) : 0
  return { seed, text, pieces: [text.slice(0, at), text.slice(at)].filter((piece) => piece !== '') }
}
