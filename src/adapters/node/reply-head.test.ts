import { expect, it } from 'vitest'
import { readReplyHead } from './reply-head.ts'

it('reads a head that says how long the body is', () => {
  const head = readReplyHead('HTTP/1.1 206 Partial Content\r\nContent-Length: 12\r\nx-a:\r\nX-A:  b c \t')
  expect([head?.status, head?.length, head?.headers.get('x-a')]).toEqual([206, 12, ', b c'])
})

it.each([
  ['another version', 'HTTP/1.0 200 OK\r\nContent-Length: 1'],
  ['no status', 'HTTP/1.1 20 OK\r\nContent-Length: 1'],
  ['no length', 'HTTP/1.1 200 OK'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: +1'],
  ['chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked'],
  ['a body that is compressed', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Encoding: gzip'],
  ['a folded line', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX-A: b\r\n c'],
  ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 1'],
  ['a line that ends in LF', 'HTTP/1.1 200 OK\r\nContent-Length: 1\nX-A: b'],
  ['a control character', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX-A: b\0'],
  ['more fields than anybody needs', `HTTP/1.1 200 OK\r\nContent-Length: 1${'\r\na: b'.repeat(200)}`],
])('leaves to fetch: %s', (_, text) => {
  expect(readReplyHead(text)).toBeUndefined()
})
