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

export interface AuthorityNames {
  /** As `openssl req -subj` takes it. */
  readonly subject?: string
  /** The one that stands above it, by which it is trusted; servers then show both certificates. */
  readonly under?: string
}

export async function makePrivateAuthority(
  names: readonly string[],
  { subject = '/CN=private', under }: AuthorityNames = {},
): Promise<PrivateAuthority> {
  const folder = await makeTempFolder()
  const file = (name: string) => join(folder.path, name)
  const openssl = (...words: string[]) => runOk(found.openssl, words)
  await openssl(
    ...['req', '-x509', ...KEY, '-keyout', file('root.key'), '-out', file('root.pem')],
    ...['-subj', under ?? subject],
  )
  const own = under === undefined ? 'root' : 'between'
  if (under !== undefined) {
    await writeFile(file('between.extensions'), 'basicConstraints=critical,CA:true\n')
    await openssl(
      ...[
        'req',
        '-new',
        ...KEY,
        '-keyout',
        file('between.key'),
        '-out',
        file('between.csr'),
        '-subj',
        subject,
      ],
    )
    await openssl(
      ...['x509', '-req', '-in', file('between.csr'), '-CA', file('root.pem'), '-CAkey', file('root.key')],
      ...['-set_serial', '1000', '-days', '30', '-extfile', file('between.extensions')],
      ...['-out', file('between.pem')],
    )
  }
  const shown = under === undefined ? '' : await readFile(file('between.pem'), 'utf8')
  let count = 0

  async function issue(names: readonly string[], days = 30): Promise<Issued> {
    const serial = ++count
    const part = (name: string) => file(`${serial}.${name}`)
    await openssl(
      ...['req', '-new', ...KEY, '-keyout', part('key'), '-out', part('csr'), '-subj', `/CN=${names[0]}`],
    )
    await writeFile(part('extensions'), `subjectAltName=${names.map(alternativeName).join(',')}\n`)
    const authority = ['-CA', file(`${own}.pem`), '-CAkey', file(`${own}.key`), '-set_serial', String(serial)]
    await openssl(
      ...['x509', '-req', '-in', part('csr'), ...authority, '-days', String(days)],
      ...['-extfile', part('extensions'), '-out', part('pem')],
    )
    return {
      key: await readFile(part('key')),
      certificate: Buffer.from((await readFile(part('pem'), 'utf8')) + shown),
    }
  }

  return {
    ...(await issue(names)),
    file: file('root.pem'),
    issuer: await readFile(file('root.pem'), 'utf8'),
    issue,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

function alternativeName(name: string): string {
  return `${/^[0-9.]+$|:/.test(name) ? 'IP' : 'DNS'}:${name}`
}
