import { afterAll, describe, expect, it } from 'vitest'
import { runHosted } from '../../../test/support/command-host.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'

const folder = await makeTempFolder()
afterAll(() => folder[Symbol.asyncDispose]())

const doctor = (words: readonly string[], input?: string) =>
  runHosted(['doctor', ...words], { folder: folder.path, ...(input !== undefined && { input }) })

const UNTRUSTED =
  'Failed to pull image "registry.example/web:1": failed to do request: Head "https://jo:hunter2@registry.example/v2/web/manifests/1?token=s3cret": x509: certificate signed by unknown authority'

describe('doctor --error', () => {
  it('says what is wrong, where, why, who mends it and what to type', async () => {
    const { code, out, err } = await doctor(['--error', UNTRUSTED])
    expect({ code, err }).toEqual({ code: 0, err: '1 error explained\n' })
    expect(out).toMatch(
      /^nobody that this machine trusts has signed the certificate of registry\.example {2}\[tls-unknown-authority\]\n/,
    )
    expect(out).toContain(
      '  step       tls, asking for a manifest: https://registry.example/v2/web/manifests/1\n',
    )
    expect(out).toContain('  image      registry.example/web:1\n')
    expect(out).toContain('openssl s_client -connect registry.example:443 -servername registry.example')
    expect(out).not.toMatch(/hunter2|s3cret/)
  })

  it('reads standard input, and prints JSON with the likeliest cause first', async () => {
    const { code, out } = await doctor(
      ['--error', '-', '--json'],
      `a line\n\u001b[31m${UNTRUSTED}\u001b[0m\n`,
    )
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      version: 1,
      causes: [{ id: 'tls-unknown-authority', host: 'registry.example', port: 443, step: 'tls', allow: [] }],
      errors: [{ line: 2, count: 1, images: ['registry.example/web:1'], causes: ['tls-unknown-authority'] }],
      unknown: [],
    })
    expect(out).not.toMatch(/hunter2|s3cret|\\u001b/)
  })

  it('ends with 1 for what it does not know, and names what is nearest', async () => {
    const text = 'the certificate was signed by an unknown authority\u001b]0;x\u0007\u009b'
    const { code, out, err } = await doctor(['--error', text])
    expect({ code, err }).toEqual({ code: 1, err: 'nothing of this is known\n' })
    expect(out).toMatch(
      /^not known: line 1\n {2}said {5}the certificate was signed by an unknown authority\n {2}nearest {2}x509: certificate signed by unknown authority {2}\[tls-unknown-authority\]\n/,
    )
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    const printed = await doctor(['--error', text, '--json'])
    expect(printed.code).toBe(1)
    expect(JSON.parse(printed.out)).toMatchObject({ version: 1, causes: [], errors: [] })
  })

  it.each([
    [[], 'portolan: --error <text> (or PORTOLAN_DOCTOR_ERROR) is required'],
    [['--error', ' '], 'portolan: --error is empty: give it what was printed when the pull failed\n'],
  ])('refuses %j', async (words, message) => {
    const { code, out, err } = await doctor(words)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(message)
  })
})
