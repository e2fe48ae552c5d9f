import { describe, expect, it } from 'vitest'
import { judgeHead, judgeStart } from './request-head.ts'

const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`
const GET = 'GET /a HTTP/1.1'
const HOST = 'Host: door.test'

describe('the head of a request', () => {
  it.each([
    [head(GET, HOST), false],
    [head(GET, HOST, 'Connection: keep-alive'), false],
    [head(GET, HOST, 'Connection: upgrade', 'Upgrade: h2c'), false],
    [head(GET, HOST, 'Content-Length: 0'), false],
    [head(GET, 'host:'), false],
    [head('OPTIONS * HTTP/1.1', HOST), false],
    [head(GET, HOST, 'Connection: x,\tCLOSE '), true],
    [head(GET, HOST, 'Proxy-Connection: close'), true],
    [head(GET, HOST, 'Content-Length: 1'), true],
    [head(GET, HOST, 'Transfer-Encoding: Chunked'), true],
    [head(GET, HOST, 'Expect: 100-Continue'), true],
    [head('GET /a HTTP/1.0'), true],
    [head('GET /a HTTP/1.0', HOST, 'Connection: keep-alive'), true],
  ])('%j may be answered; last of its connection: %s', (text, isLast) => {
    expect(judgeHead(text)).toEqual({ isLast })
  })

  it.each<[string, number]>([
    [head(GET), 400],
    [head(GET, HOST, 'HOST: door.test'), 400],
    [head(GET, HOST, 'X'), 400],
    [head(GET, HOST, ': x'), 400],
    [head(GET, HOST, 'X : y'), 400],
    [head(GET, HOST, 'X: y', '\tz'), 400],
    [head(GET, ' Host: folded'), 400],
    [head(GET, HOST, 'X: a\nY: b'), 400],
    [head(GET, HOST, 'X: a\rY: b'), 400],
    [head(GET, HOST, 'Content-Length: 0x1'), 400],
    [head(GET, HOST, 'Content-Length: -1'), 400],
    [head(GET, HOST, 'Content-Length:'), 400],
    [head(GET, HOST, 'Content-Length: 1234567890123456'), 400],
    [head(GET, HOST, 'Transfer-Encoding: chunked, identity'), 400],
    [head(GET, HOST, 'Transfer-Encoding:'), 400],
    [head('GET /a'), 400],
    [head('get /a HTTP/1.1', HOST), 400],
    [head('GET /a HTTP/1.1 ', HOST), 400],
    [head('GET /a HTTP/3.0', HOST), 505],
    [head('GET /a HTTP/0.9'), 505],
    [head('CONNECT a:1 HTTP/1.1', HOST), 405],
    [head(GET, HOST, 'Expect: 100-continue', 'Expect: x'), 417],
    [head(GET, HOST, ...Array.from({ length: 100 }, () => 'X:')), 431],
    [head(GET, HOST, `X: ${'y'.repeat(16_384)}`), 431],
  ])('%j is refused with %i', (text, status) => {
    expect(judgeHead(text)).toMatchObject({ status, reason: expect.stringMatching(/^[a-zA-Z]/) })
  })

  it.each([
    '',
    'G',
    '\r',
    'GET /a HTTP/1.1\r',
    'GET /a HTTP/1.1\r\nHost: x\r\n',
    'GET /a HTTP/1.1\r\nHost: x\r\n\r',
  ])('may begin with %j', (text) => {
    expect(judgeStart(text)).toBeUndefined()
  })

  it.each<[string, number]>([
    ['g', 400],
    ['\x16\x03\x01', 400],
    [' GET', 400],
    ['GET / HTTP/1.1\n', 400],
    ['GET / HTTP/1.1\rX', 400],
    ['GET / HTTP/1.1\r\nX: \0', 400],
    [`GET /${'a'.repeat(16_384)}`, 431],
  ])('never begins with %j', (text, status) => {
    expect(judgeStart(text)).toMatchObject({ status })
  })

  it('is told apart from a handshake of TLS, which a client sends that was given https', () => {
    expect(judgeStart('\x16\x03\x01\x02')).toMatchObject({ reason: expect.stringMatching(/^this is TLS/) })
  })
})
