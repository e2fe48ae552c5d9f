import { describe, expect, it } from 'vitest'
import { JsonLog } from './json-log.ts'

function logOf(level: ConstructorParameters<typeof JsonLog>[1]) {
  const lines: string[] = []
  return { log: new JsonLog((line) => lines.push(line), level), lines }
}

describe('a log of JSON lines', () => {
  it('writes level, time, the fields in their order and the sentence', () => {
    const { log, lines } = logOf('info')
    const before = Date.now()
    log.warn({ backend: 'paris', gone: undefined, nested: { list: [1, 'two'] } }, 'left traffic')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(
      /^\{"level":"warn","time":"[^"]+","backend":"paris","nested":\{"list":\[1,"two"\]\},"msg":"left traffic"\}\n$/,
    )
    const time = Date.parse(JSON.parse(lines[0]!).time)
    expect(time).toBeGreaterThanOrEqual(before)
    expect(time).toBeLessThanOrEqual(Date.now())
  })

  it('writes a line without fields', () => {
    const { log, lines } = logOf('info')
    log.info({}, 'ready')
    expect(JSON.parse(lines[0]!)).toEqual({ level: 'info', time: expect.any(String), msg: 'ready' })
  })

  it.each([
    ['quotes and backslashes', String.raw`"\"`],
    ['line breaks', 'a\r\nb\u2028c'],
    ['control characters', '\u0000\u001b[31m'],
    ['characters that are none', '\ud800'],
    ['other scripts', 'größer ☃ 🚢'],
  ])('keeps %s on one line of JSON', (_, text) => {
    const { log, lines } = logOf('info')
    log.info({ text }, text)
    expect(lines[0]!.match(/\n/g)).toHaveLength(1)
    expect(JSON.parse(lines[0]!)).toMatchObject({ text, msg: text })
  })

  it.each([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
    ['silent', []],
  ] as const)('at %s, writes %j', (level, written) => {
    const { log, lines } = logOf('silent')
    log.setLevel(level)
    for (const word of ['debug', 'info', 'warn', 'error'] as const) log[word]({}, word)
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(written)
  })

  it('says what an error is, where it came from and what caused it', () => {
    const { log, lines } = logOf('error')
    log.error({ err: new TypeError('it broke', { cause: new Error('a wire') }) }, 'failed')
    log.error({ err: 'a word' }, 'failed')
    const [first, second] = lines.map((line) => JSON.parse(line))
    expect(first.err).toMatchObject({
      type: 'TypeError',
      message: 'it broke',
      stack: expect.stringContaining('json-log.test.ts'),
      cause: { type: 'Error', message: 'a wire' },
    })
    expect(second.err).toBe('a word')
  })

  it('says the code of an error, and of each that it is made of', () => {
    const { log, lines } = logOf('error')
    const refused = Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
    log.error({ err: new TypeError('fetch failed', { cause: new AggregateError([refused]) }) }, 'failed')
    expect(JSON.parse(lines[0]!).err.cause.errors).toMatchObject([{ message: 'no', code: 'ECONNREFUSED' }])
  })

  it.each([
    ['an error that causes itself', () => causingItself(), { err: { message: 'round' } }],
    ['a number beyond JSON', () => 1n, { unwritable: expect.stringContaining('BigInt') }],
    [
      'an object that holds itself',
      () => holdingItself(),
      { unwritable: expect.stringContaining('circular') },
    ],
  ])('writes a line of %s', (_, make, told) => {
    const { log, lines } = logOf('error')
    log.error({ err: make() }, 'failed')
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'error', ...told, msg: 'failed' })
  })
})

function causingItself(): Error {
  const error = new Error('round')
  error.cause = error
  return error
}

function holdingItself(): object {
  const itself: Record<string, unknown> = {}
  itself.self = itself
  return itself
}
