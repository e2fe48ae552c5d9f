import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPrograms, runOk } from './programs.ts'
import { makeTempFolder } from './temp.ts'

/** A certificate authority that nobody knows, and a certificate of its for some names. */
export interface PrivateAuthority extends AsyncDisposable {
  readonly key: Buffer
  readonly certificate: Buffer
  /** The authority's own certificate. */
  readonly file: string
}

const { found, missing } = findPrograms('openssl')

/** Why {@link makePrivateAuthority} cannot work here; `undefined` when it can. */
export const noPrivateAuthority = missing

export async function makePrivateAuthority(names: readonly string[]): Promise<PrivateAuthority> {
  const folder = await makeTempFolder()
  const file = (name: string) => join(folder.path, name)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const openssl = (...words: string[]) => runOk(found.openssl, words)
  await openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-subj',
    '/CN=private',
  )
  await openssl(
    'req',
    '-new',
    ...key,
    '-keyout',
    file('key.pem'),
    '-out',
    file('csr'),
    '-subj',
    `/CN=${names[0]}`,
  )
  await writeFile(file('extensions'), `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}\n`)
  await openssl(
    ...[
      'x509',
      '-req',
      '-in',
      file('csr'),
      '-CA',
      file('ca.pem'),
      '-CAkey',
      file('ca.key'),
      '-CAcreateserial',
    ],
    ...['-days', '30', '-extfile', file('extensions'), '-out', file('cert.pem')],
  )
  return {
    key: await readFile(file('key.pem')),
    certificate: await readFile(file('cert.pem')),
    file: file('ca.pem'),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}
