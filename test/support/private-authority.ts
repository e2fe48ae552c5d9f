import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPrograms, runOk } from './programs.ts'
import { makeTempFolder } from './temp.ts'

/** A certificate with its key, in PEM. */
export interface Issued {
  readonly key: Buffer
  readonly certificate: Buffer
}

/** A certificate authority that nobody knows, and a certificate of its for some names. */
export interface PrivateAuthority extends Issued, AsyncDisposable {
  /** The authority's own certificate. */
  readonly file: string
  /** What that file holds. */
  readonly issuer: string
  /** Makes another certificate, for names and addresses, valid for so many days from now. */
  issue(names: readonly string[], days?: number): Promise<Issued>
}

const { found, missing } = findPrograms('openssl')

/** Why {@link makePrivateAuthority} cannot work here; `undefined` when it can. */
export const noPrivateAuthority = missing

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

export async function makePrivateAuthority(names: readonly string[]): Promise<PrivateAuthority> {
  const folder = await makeTempFolder()
  const file = (name: string) => join(folder.path, name)
  const openssl = (...words: string[]) => runOk(found.openssl, words)
  await openssl(
    ...['req', '-x509', ...KEY, '-keyout', file('ca.key'), '-out', file('ca.pem'), '-subj', '/CN=private'],
  )
  let count = 0

  async function issue(names: readonly string[], days = 30): Promise<Issued> {
    const serial = ++count
    const own = (name: string) => file(`${serial}.${name}`)
    await openssl(
      ...['req', '-new', ...KEY, '-keyout', own('key'), '-out', own('csr'), '-subj', `/CN=${names[0]}`],
    )
    await writeFile(own('extensions'), `subjectAltName=${names.map(alternativeName).join(',')}\n`)
    const authority = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-set_serial', String(serial)]
    await openssl(
      ...['x509', '-req', '-in', own('csr'), ...authority, '-days', String(days)],
      ...['-extfile', own('extensions'), '-out', own('pem')],
    )
    return { key: await readFile(own('key')), certificate: await readFile(own('pem')) }
  }

  return {
    ...(await issue(names)),
    file: file('ca.pem'),
    issuer: await readFile(file('ca.pem'), 'utf8'),
    issue,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

function alternativeName(name: string): string {
  return `${/^[0-9.]+$|:/.test(name) ? 'IP' : 'DNS'}:${name}`
}
