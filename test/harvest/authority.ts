import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPrograms, runOk } from '../support/programs.ts'

/** A key with its certificate, in PEM. */
export interface Pair {
  readonly key: string
  readonly cert: string
}

/** One authority that clients are told to trust and one that they do not know, which issue what a test needs. */
export interface Authorities {
  /** The certificate of the one that is trusted, for SSL_CERT_FILE. */
  readonly trustFile: string
  issue(name: string, options?: IssueOptions): Promise<Pair>
}

export interface IssueOptions {
  readonly by?: 'trusted' | 'unknown' | 'itself'
  /** Without alternative names, as certificates were made before 2020. */
  readonly onlyCommonName?: boolean
  /** As `openssl ca` writes them: 20260101000000Z. */
  readonly from?: string
  readonly until?: string
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

export async function makeAuthorities(folder: string): Promise<Authorities> {
  const { openssl } = findPrograms('openssl').found
  const file = (name: string) => join(folder, name)
  await mkdir(folder, { recursive: true })
  for (const by of ['trusted', 'unknown']) {
    await runOk(openssl, [
      ...['req', '-x509', ...KEY, '-days', '3650', '-subj', `/O=Example/CN=${by} authority`],
      ...['-keyout', file(`${by}.key`), '-out', file(`${by}.pem`)],
    ])
  }
  let serial = 0
  return {
    trustFile: file('trusted.pem'),
    async issue(name, { by = 'trusted', onlyCommonName = false, from, until } = {}) {
      const own = `${++serial}`
      const subject = `/CN=${name}`
      const names = onlyCommonName ? [] : ['-addext', `subjectAltName=DNS:${name}`]
      if (by === 'itself') {
        await runOk(openssl, [
          ...['req', '-x509', ...KEY, '-days', '365', '-subj', subject, ...names],
          ...['-keyout', file(`${own}.key`), '-out', file(`${own}.pem`)],
        ])
      } else {
        await runOk(openssl, [
          ...['req', '-new', ...KEY, '-subj', subject, ...names],
          ...['-keyout', file(`${own}.key`), '-out', file(`${own}.csr`)],
        ])
        await writeFile(file(`${own}.index`), '')
        await writeFile(
          file(`${own}.cnf`),
          `[ca]\ndefault_ca=own\n[own]\ndatabase=${file(`${own}.index`)}\nnew_certs_dir=${folder}\n` +
            'default_md=sha256\nrand_serial=yes\npolicy=any\ncopy_extensions=copy\n' +
            '[any]\ncommonName=supplied\n',
        )
        await runOk(openssl, [
          ...['ca', '-batch', '-notext', '-config', file(`${own}.cnf`)],
          ...['-cert', file(`${by}.pem`), '-keyfile', file(`${by}.key`)],
          ...['-startdate', from ?? '20260101000000Z', '-enddate', until ?? '20350101000000Z'],
          ...['-in', file(`${own}.csr`), '-out', file(`${own}.pem`)],
        ])
      }
      const [key, cert] = await Promise.all([
        readFile(file(`${own}.key`), 'utf8'),
        readFile(file(`${own}.pem`), 'utf8'),
      ])
      return { key, cert }
    },
  }
}
