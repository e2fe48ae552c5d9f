import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { PortolanError } from '../../errors.ts'
import type { TlsIdentity } from '../listener.ts'

/** The text of a file, and how messages name it. */
export interface NamedText {
  readonly file: string
  readonly text: string
}

/** What an identity is made of. */
export interface IdentityTexts {
  readonly certificate: NamedText
  readonly key: NamedText
  readonly clientCA?: NamedText | undefined
}

/** An identity that was looked at, and what its certificate says. */
export interface ReadIdentity {
  readonly identity: TlsIdentity
  /** Such as `CN=door.example.com`; empty for a certificate that has none but its names. */
  readonly subject: string
  /** Such as `DNS:door.example.com`; empty where it has none, which no client of today takes. */
  readonly names: readonly string[]
  /** Both in milliseconds since 1970. */
  readonly notBefore: number
  readonly notAfter: number
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m

/**
 * Reads what a listener shows: certificate and key must belong together, and the runtime must be able to use them.
 * Throws `CONFIG_INVALID` with what is wrong with which file.
 */
export function readIdentity({ certificate, key, clientCA }: IdentityTexts): ReadIdentity {
  const [own] = readCertificates(certificate)
  const privateKey = readKey(key)
  if (!own!.checkPrivateKey(privateKey)) {
    throw invalid(
      certificate.file,
      `the first certificate in ${certificate.file} (${describe(own!)}) does not belong to the key in ${key.file}`,
    )
  }
  if (clientCA !== undefined) readCertificates(clientCA)
  const identity: TlsIdentity = {
    certificate: certificate.text,
    key: key.text,
    ...(clientCA !== undefined && { clientCA: clientCA.text }),
  }
  // Whatever else a runtime cannot use, such as a certificate in the chain that is none.
  attempt(certificate.file, 'cannot be used', () =>
    createSecureContext({ cert: identity.certificate, key: identity.key, ca: identity.clientCA }),
  )
  return {
    identity,
    subject: own!.subject ?? '',
    names: own!.subjectAltName?.split(', ') ?? [],
    notBefore: Date.parse(own!.validFrom),
    notAfter: Date.parse(own!.validTo),
  }
}

/** At least one. */
function readCertificates({ file, text }: NamedText): X509Certificate[] {
  const found = text.match(CERTIFICATE)
  if (found === null)
    throw invalid(file, `${file} holds no certificate; expected PEM, -----BEGIN CERTIFICATE-----`)
  return found.map((pem, index) =>
    attempt(file, `holds no certificate at place ${index + 1}`, () => new X509Certificate(pem)),
  )
}

function readKey({ file, text }: NamedText): KeyObject {
  if (ENCRYPTED.test(text)) {
    throw invalid(
      file,
      `the key in ${file} has a passphrase, for which nobody can be asked here: take it off`,
    )
  }
  return attempt(file, 'holds no private key; expected PEM, -----BEGIN PRIVATE KEY-----', () =>
    createPrivateKey(text),
  )
}

function attempt<T>(file: string, what: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw invalid(file, `${file} ${what}`, cause)
  }
}

function describe({ subject, subjectAltName }: X509Certificate): string {
  return (subject || subjectAltName || 'without a name').replaceAll('\n', ', ')
}

function invalid(file: string, message: string, cause?: unknown): PortolanError {
  return new PortolanError('CONFIG_INVALID', message, { file }, cause)
}
