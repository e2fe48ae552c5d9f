import { describe, expect, it } from 'vitest'
import { PlainRequest } from './plain-request.ts'

const parse = (text: string) => PlainRequest.parse(text, '192.0.2.1')
const HOST = 'Host: door.test\r\n'

describe('a plain request', () => {
  it('is read as it stands on the wire', () => {
    const request = parse(`HEAD /v2/a/../b?x=%2F HTTP/1.1\r\n${HOST}Accept: a\r\nACCEPT:b\t\r\n\r\n`)!
    expect(request.method).toBe('HEAD')
    expect(request.target).toBe('/v2/a/../b?x=%2F')
    expect(request.peer).toBe('192.0.2.1')
    expect(request.header('accept')).toBe('a, b')
    expect(request.header('cept')).toBeUndefined()
    expect(request.header('x-forwarded-for')).toBeUndefined()
  })

  it.each([
    `GET / HTTP/1.1\r\n${HOST}\r\n`,
    `GET / HTTP/1.1\r\nA: b\r\n${HOST}C:\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}Connection: Keep-Alive\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}X-Upgrade: h2c\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}${'a:\r\n'.repeat(99)}\r\n`,
  ])('may be %j', (text) => {
    expect(parse(text)?.target).toBe('/')
  })

  it.each([
    '',
    '\r\n',
    `GET / HTTP/1.1\r\n${HOST}`,
    `GET / HTTP/1.1\r\n${HOST}\r\nx`,
    `GET / HTTP/1.1\r\n${HOST}\r\nGET / HTTP/1.1\r\n${HOST}\r\n`,
    `POST / HTTP/1.1\r\n${HOST}\r\n`,
    `get / HTTP/1.1\r\n${HOST}\r\n`,
    `GET / http/1.1\r\n${HOST}\r\n`,
    `GET / HTTP/1.0\r\n${HOST}\r\n`,
    `GET  / HTTP/1.1\r\n${HOST}\r\n`,
    `GET /a b HTTP/1.1\r\n${HOST}\r\n`,
    `GET /\x7f HTTP/1.1\r\n${HOST}\r\n`,
    `GET /\xe9 HTTP/1.1\r\n${HOST}\r\n`,
    `GET * HTTP/1.1\r\n${HOST}\r\n`,
    `GET http://x/ HTTP/1.1\r\n${HOST}\r\n`,
    'GET / HTTP/1.1\r\nA: b\r\n\r\n',
    `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`,
    `GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}Connection: keep-alive, upgrade\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}content-LENGTH: 0\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}Upgrade: h2c\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}A : b\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}A\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}: b\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}A: b\r\n folded\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}A: b\nC: d\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}A: b\rC: d\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}A: \0\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}A: \xe9\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}Proxy-Connection: close\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}${'a:\r\n'.repeat(100)}\r\n`,
    `GET / HTTP/1.1\r\n${HOST}A: ${'b'.repeat(9000)}\r\n\r\n`,
  ])('is never %j', (text) => {
    expect(parse(text)).toBeUndefined()
  })
})
