import { writeFile } from 'node:fs/promises'
import { get as getPlainly } from 'node:http'
import { get as getSecurely } from 'node:https'
import { join } from 'node:path'
import { makeCertificates, noCertificates } from '../test/support/certificates.ts'
import type { RuntimeName } from '../test/support/portolan.ts'
import { findProgram, findPrograms } from '../test/support/programs.ts'
import { makeTempFolder } from '../test/support/temp.ts'
import { CONNECTIONS, type Load, measure, type Round } from './redirect/measure.ts'
import { CLIENT, formatScript, pathOf, type Requests } from './redirect/requests.ts'
import {
  type CertificateFiles,
  type Server,
  startArcheio,
  startDoor,
  startNginx,
} from './redirect/servers.ts'
import { type Store, startStore } from './redirect/store.ts'
import { print } from './redirect/table.ts'

// CPU time per redirect of blobs that are known to be in a store, beside nginx's static `return 307` and, where it is,
// the program behind registry.k8s.io; metrics are on, and each door is there as it comes, with its access log, which is
// read by a pipe, with one new blob in a hundred, with clients split between two stores, with two workers, and with TLS,
// beside nginx with TLS.
//
// All servers live through the whole run and are measured in turn, in many short rounds. What else the machine does
// only ever adds to a round, so the ratio is taken between the quiet quarters; the median tells how noisy it was.

const ROUNDS = Number(process.env.ROUNDS ?? 12)
const SECONDS = 1
const WARM_UP_SECONDS = 6
/** More requests than any server here answers in a second. */
const MOST_PER_SECOND = 250_000

export async function run(): Promise<void> {
  const { found, missing } = findPrograms('nginx', 'wrk')
  if (missing !== undefined) {
    console.log(`skipped; ${missing} (Debian packages nginx-light and wrk)`)
    return
  }
  await using cleanUp = new AsyncDisposableStack()
  const folder = cleanUp.use(await makeTempFolder()).path
  const store = cleanUp.use(await startStore())
  const tls = noCertificates === undefined ? await writeCertificate(folder, cleanUp) : undefined
  const plain = await startPlain({ nginx: found.nginx, folder, store }, cleanUp)
  await measureAll('HTTP', plain, { wrk: found.wrk, folder, store })
  if (tls === undefined) {
    console.log(`\nTLS: skipped; ${noCertificates}`)
    return
  }
  const secure: Server[] = []
  const location = store.urlOf(store.digests[0]!)
  secure.push(cleanUp.use(await startNginx(found.nginx, folder, location, tls)))
  for (const runtime of ['node', 'bun'] as const)
    secure.push(cleanUp.use(await startDoor(runtime, store, { tls })))
  await measureAll('HTTPS', secure, { wrk: found.wrk, folder, store })
}

async function startPlain(
  { nginx, folder, store }: { nginx: string; folder: string; store: Store },
  cleanUp: AsyncDisposableStack,
): Promise<Server[]> {
  const servers = [cleanUp.use(await startNginx(nginx, folder, store.urlOf(store.digests[0]!)))]
  const archeio = findProgram('archeio')
  if (archeio === undefined)
    console.log('archeio is not on this machine (Go, from kubernetes/registry.k8s.io)')
  else servers.push(cleanUp.use(await startArcheio(archeio, store)))
  const variants = [{}, { access: true }, { someNew: true }, { split: true }, { workers: 2 }]
  for (const runtime of ['node', 'bun'] satisfies RuntimeName[]) {
    for (const variant of variants) servers.push(cleanUp.use(await startDoor(runtime, store, variant)))
  }
  return servers
}

async function writeCertificate(folder: string, cleanUp: AsyncDisposableStack): Promise<CertificateFiles> {
  const made = cleanUp.use(await makeCertificates())
  const files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  await writeFile(files.certificate, made.good)
  await writeFile(files.key, made.key)
  return files
}

interface Setting {
  readonly wrk: string
  readonly folder: string
  readonly store: Store
}

async function measureAll(title: string, servers: readonly Server[], setting: Setting): Promise<void> {
  const { wrk, store } = setting
  const rounds = new Map(servers.map((server) => [server, [] as Round[]]))
  const loads = new Map<Server, Load>()
  for (const server of servers) {
    const script = await writeScript(server.requests ?? {}, setting)
    loads.set(server, { wrk, script, seconds: WARM_UP_SECONDS, from: 0 })
    await measure(server, loads.get(server)!)
  }
  for (let round = 0; round < ROUNDS; round++) {
    const from = (WARM_UP_SECONDS + round * SECONDS) * MOST_PER_SECOND
    for (const server of servers) {
      rounds.get(server)!.push(await measure(server, { ...loads.get(server)!, seconds: SECONDS, from }))
    }
  }
  for (const server of servers) await expectRedirects(server, store)
  console.log(
    `${title}: ${ROUNDS} rounds of ${SECONDS} s in turn, ${CONNECTIONS} connections kept alive; the quiet quarter of the rounds counts`,
  )
  print(rounds)
}

async function writeScript(requests: Requests, { folder, store }: Setting): Promise<string> {
  const file = join(folder, `${requests.someNew ? 'new' : 'known'}${requests.via ? '-via' : ''}.lua`)
  await writeFile(file, formatScript(store.digests, requests))
  return file
}

/** A door that had lost its store would be measured at something else; nginx has one answer for everything. */
async function expectRedirects({ name, origin, requests }: Server, store: Store): Promise<void> {
  const digests = name.startsWith('nginx') ? store.digests.slice(0, 1) : store.digests
  for (const digest of digests) {
    const headers = { 'X-Forwarded-For': `${CLIENT}${requests?.via ?? ''}` }
    const { status, location } = await ask(`${origin}${pathOf(digest)}`, headers)
    if (status !== 307 || location !== store.urlOf(digest)) {
      throw new Error(`${name} answers ${status} to ${location} for ${digest}`)
    }
  }
}

/** Whatever certificate it has. */
function ask(url: string, headers: Record<string, string>): Promise<{ status?: number; location?: string }> {
  const get = url.startsWith('https') ? getSecurely : getPlainly
  return new Promise((resolve, reject) => {
    get(url, { headers, rejectUnauthorized: false }, (response) => {
      response.resume()
      const { statusCode: status, headers } = response
      resolve({ ...(status && { status }), ...(headers.location && { location: headers.location }) })
    }).once('error', reject)
  })
}
