import { readFile } from 'node:fs/promises'
import tls from 'node:tls'
import { PortolanError } from '../../errors.ts'

/** What TLS says of a certificate whose authority it does not know. */
const UNKNOWN_AUTHORITY = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
])

const extra = new Set<string>()
let hasSystemStore = false
let whole: readonly string[] | undefined

/**
 * Trusts the certificates in these PEM files from now on, beside those of the runtime, for every connection of this
 * process. Throws `FILE_UNREADABLE` when a file cannot be read or holds none.
 */
export async function trustFiles(files: readonly string[]): Promise<void> {
  for (const file of files) {
    for (const pem of await readCertificates(file)) extra.add(pem)
  }
  if (files.length > 0) install()
}

/** Trusts what this system trusts, too; false when that was so before. */
export function trustSystemStore(): boolean {
  if (hasSystemStore) return false
  hasSystemStore = true
  install()
  return true
}

/** Whether a request failed because nobody trusted here vouches for the other end. */
export function isUnknownAuthority(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (UNKNOWN_AUTHORITY.has((at as NodeJS.ErrnoException).code ?? '')) return true
  }
  return false
}

/** All certificates that are trusted, for a `fetch` that has to be told; `undefined` for the runtime's own. */
export function trustedCertificates(): readonly string[] | undefined {
  return whole
}

function install(): void {
  if (typeof tls.setDefaultCACertificates !== 'function') {
    if (extra.size === 0) return
    const message = `Node ${process.versions.node} takes no more certificates once it runs: name them in NODE_EXTRA_CA_CERTS, or use Node 24.5 or newer`
    throw new PortolanError('USAGE', message)
  }
  const system = hasSystemStore ? tls.getCACertificates('system') : []
  whole = [...new Set([...tls.getCACertificates('default'), ...system, ...extra])]
  tls.setDefaultCACertificates(whole)
}

async function readCertificates(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new PortolanError('FILE_UNREADABLE', `cannot read ${file}: ${cause.message}`, { file }, cause)
  })
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (found !== null) return found
  const message = `${file} holds no certificate; expected PEM, -----BEGIN CERTIFICATE-----`
  throw new PortolanError('FILE_UNREADABLE', message, { file })
}
