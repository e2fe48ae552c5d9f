import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPrograms, runOk } from './programs.ts'
import { makeTempFolder } from './temp.ts'

/** A key of 127.0.0.1 with a certificate that holds and one that has expired, each signed by itself. */
export interface Certificates extends AsyncDisposable {
  readonly key: Buffer
  readonly good: Buffer
  readonly expired: Buffer
  /** Holds both: for NODE_EXTRA_CA_CERTS, so that nothing but its date is wrong with the expired one. */
  readonly trustFile: string
}

const { found, missing } = findPrograms('openssl')

/** Why {@link makeCertificates} cannot work here; `undefined` when it can. */
export const noCertificates = missing

export async function makeCertificates(): Promise<Certificates> {
  const folder = await makeTempFolder()
  const file = (name: string) => join(folder.path, name)
  const key = file('key.pem')
  await writeFile(file('extensions'), 'subjectAltName=IP:127.0.0.1\n')
  await runOk(found.openssl, [
    ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', key, '-out', file('request.pem'), '-subj', '/CN=127.0.0.1'],
  ])
  for (const [name, days] of [
    ['good', '30'],
    ['expired', '-1'],
  ] as const) {
    await runOk(found.openssl, [
      ...['x509', '-req', '-in', file('request.pem'), '-signkey', key, '-days', days],
      ...['-extfile', file('extensions'), '-out', file(`${name}.pem`)],
    ])
  }
  const [good, expired] = await Promise.all([readFile(file('good.pem')), readFile(file('expired.pem'))])
  const trustFile = file('trust.pem')
  await writeFile(trustFile, Buffer.concat([good, expired]))
  return {
    key: await readFile(key),
    good,
    expired,
    trustFile,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}
