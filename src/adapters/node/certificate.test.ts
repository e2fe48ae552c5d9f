import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Issued,
  makePrivateAuthority,
  noPrivateAuthority,
  type PrivateAuthority,
} from '../../../test/support/private-authority.ts'
import { readIdentity } from './certificate.ts'

describe.skipIf(noPrivateAuthority)('an identity', () => {
  let authority: PrivateAuthority
  let other: Issued
  beforeAll(async () => {
    authority = await makePrivateAuthority(['door.test', '127.0.0.1'])
    other = await authority.issue(['other.test'])
  })
  afterAll(() => authority[Symbol.asyncDispose]())

  const read = (certificate: string, key: string, clientCA?: string) =>
    readIdentity({
      certificate: { file: 'tls.crt', text: certificate },
      key: { file: 'tls.key', text: key },
      ...(clientCA !== undefined && { clientCA: { file: 'ca.crt', text: clientCA } }),
    })

  it('is read with what its certificate says, chain and authorities of clients included', () => {
    const certificate = `${authority.certificate}\n${authority.issuer}`
    const key = String(authority.key)
    const { notBefore, notAfter, ...rest } = read(certificate, key, authority.issuer)
    expect(rest).toEqual({
      identity: { certificate, key, clientCA: authority.issuer },
      subject: 'CN=door.test',
      names: ['DNS:door.test', 'IP Address:127.0.0.1'],
    })
    expect(notAfter - notBefore).toBe(30 * 24 * 3_600_000)
  })

  const pem = (kind: string, text = 'AAAA') => `-----BEGIN ${kind}-----\n${text}\n-----END ${kind}-----\n`

  it.each<[string, () => [certificate: string, key: string, clientCA?: string], string]>([
    [
      'a key of another certificate',
      () => [String(authority.certificate), String(other.key)],
      'the first certificate in tls.crt (CN=door.test) does not belong to the key in tls.key',
    ],
    [
      'a chain in the wrong order',
      () => [`${authority.issuer}${authority.certificate}`, String(authority.key)],
      'the first certificate in tls.crt (CN=private) does not belong to the key in tls.key',
    ],
    [
      'no certificate',
      () => ['', String(authority.key)],
      'tls.crt holds no certificate; expected PEM, -----BEGIN CERTIFICATE-----',
    ],
    [
      'a chain with a broken link',
      () => [`${authority.certificate}${pem('CERTIFICATE')}`, String(authority.key)],
      'tls.crt holds no certificate at place 2',
    ],
    [
      'no key',
      () => [String(authority.certificate), String(authority.certificate)],
      'tls.key holds no private key; expected PEM, -----BEGIN PRIVATE KEY-----',
    ],
    [
      'a key with a passphrase',
      () => [String(authority.certificate), pem('ENCRYPTED PRIVATE KEY')],
      'the key in tls.key has a passphrase, for which nobody can be asked here: take it off',
    ],
    [
      'no authority of clients',
      () => [String(authority.certificate), String(authority.key), ''],
      'ca.crt holds no certificate; expected PEM, -----BEGIN CERTIFICATE-----',
    ],
  ])('is refused: %s', (_, texts, message) => {
    expect(() => read(...texts())).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message }))
  })
})
