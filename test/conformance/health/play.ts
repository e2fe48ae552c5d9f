import { Agent, get, type IncomingMessage } from 'node:http'
import { type Certificates, makeCertificates, noCertificates } from '../../support/certificates.ts'
import { makeBlob, makeManifest, registryContent, storeContent } from '../../support/content.ts'
import { type MisbehavingServer, startMisbehaving } from '../../support/misbehaving.ts'
import { type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { until } from '../../support/until.ts'
import type { Row } from './rows.ts'

/** Longer than any fault takes to be noticed, or any backend to come back, on any machine; in milliseconds. */
const AT_LAST = 40_000
/** Between two requests of one client, in milliseconds. */
const PACE = 150
/** So many requests in a row that are sent elsewhere, over two probes and more, are no accident of one probe. */
const KEPT_AWAY = 15

const BLOBS = Array.from({ length: 6 }, (_, n) => makeBlob(`blob ${n}`))
const MANIFEST = makeManifest(BLOBS[0]!, BLOBS[1]!)
const NAME = 'team/app'

/** What a client of a row got, and when, in milliseconds. */
interface Sample {
  readonly at: number
  readonly waited: number
  readonly sentThere: boolean
}

/** How long it took, in milliseconds: until nobody was sent there any more, and until they were again. */
export interface Measured {
  readonly detections: number[]
  readonly returns: number[]
  readonly longestWait: number
}

/** A door with a backend and a client of its own for each row. */
export interface HealthWorld extends AsyncDisposable {
  /**
   * Plays the script of a row while its client goes on asking. Throws when a client is sent to a backend that is known
   * to fail, or is never kept from it, or never sent there again.
   */
  play(row: Row): Promise<Measured>
}

/** Starts a door as an operator runs it, on one runtime, and the backends of all rows. */
export async function startHealthWorld(rows: readonly Row[], runtime: RuntimeName): Promise<HealthWorld> {
  await using starting = new AsyncDisposableStack()
  const certificates = noCertificates === undefined ? starting.use(await makeCertificates()) : undefined
  if (certificates !== undefined) process.env.NODE_EXTRA_CA_CERTS = certificates.trustFile
  const canonical = starting.use(await startMisbehaving({ content: CONTENT.manifest }))
  const servers = new Map<Row, MisbehavingServer>()
  for (const row of rows) servers.set(row, starting.use(await serverOf(row, certificates)))
  const door = starting.use(await startPortolan(config(rows, servers, canonical.origin), runtime))
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  starting.defer(() => agent.destroy())
  const made = starting.move()
  return {
    async play(row) {
      const server = servers.get(row)!
      const samples: Sample[] = []
      const client = new AbortController()
      const asking = ask({ row, origin: server.origin, port: door.port, agent }, samples, client.signal)
      const times = { detections: [] as number[], returns: [] as number[] }
      try {
        await playScript(row, server, samples, times)
      } finally {
        client.abort()
        await asking
      }
      return { ...times, longestWait: Math.max(0, ...samples.map(({ waited }) => waited)) }
    },
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  }
}

async function playScript(
  row: Row,
  server: MisbehavingServer,
  samples: readonly Sample[],
  { detections, returns }: { readonly detections: number[]; readonly returns: number[] },
): Promise<void> {
  if (row.script === 'all the time') {
    await until(`clients of ${row.id}`, () => samples.length >= 2 * KEPT_AWAY, AT_LAST)
    if (samples.some(({ sentThere }) => sentThere)) {
      throw new Error('a client was sent to a backend that has not worked yet')
    }
    if (row.fault !== 'name that does not resolve') returns.push(await mend(row, server, samples))
    return
  }
  for (let round = 0; round < (row.script === 'comes and goes' ? 2 : 1); round++) {
    // When the fault begins, the door knows of everything that clients ask for that it is there.
    await until(`${row.id} to be known`, () => areAll(samples, BLOBS.length + 1, true), AT_LAST)
    detections.push(await breakIt(row, server, samples))
    returns.push(await mend(row, server, samples))
  }
}

/** Makes a backend misbehave, sees that clients are kept from it before long, and that it stays so. */
async function breakIt(row: Row, server: MisbehavingServer, samples: readonly Sample[]): Promise<number> {
  const since = performance.now()
  const before = samples.length
  await server.misbehave(row.fault === 'name that does not resolve' ? undefined : row.fault)
  await until(
    `clients to be kept from ${row.id}`,
    () => samples.length >= before + KEPT_AWAY && areAll(samples, KEPT_AWAY, false),
    AT_LAST,
  )
  const last = samples.slice(before).findLast(({ sentThere }) => sentThere)
  const kept = samples.length
  await until(`more clients of ${row.id}`, () => samples.length >= kept + KEPT_AWAY, AT_LAST)
  if (samples.slice(kept).some(({ sentThere }) => sentThere)) {
    throw new Error('a client was sent there again while the fault lasted')
  }
  return last === undefined ? 0 : last.at - since
}

/** Ends what a backend does wrong, and sees that clients are sent there again. */
async function mend(row: Row, server: MisbehavingServer, samples: readonly Sample[]): Promise<number> {
  const since = performance.now()
  await server.misbehave(undefined)
  const back = () => samples.find(({ at, sentThere }) => sentThere && at >= since)
  await until(`clients to be sent to ${row.id} again`, () => back() !== undefined, AT_LAST)
  return back()!.at - since
}

function areAll(samples: readonly Sample[], count: number, sentThere: boolean): boolean {
  return samples.length >= count && samples.slice(-count).every((sample) => sample.sentThere === sentThere)
}

/** Who asks for what, and where. */
interface Client {
  readonly row: Row
  readonly origin: string
  readonly port: number
  readonly agent: Agent
}

/**
 * Clients that ask until they are told to stop, for one thing after the other that the backend holds; always another
 * client, so that none comes back for what it was sent to before.
 */
async function ask(client: Client, samples: Sample[], end: AbortSignal): Promise<void> {
  const { row, origin, port, agent } = client
  for (let n = 0; !end.aborted; n++) {
    const at = performance.now()
    const { location } = await locate(port, targetOf(row, n), `${row.network}.${n % 250}`, agent)
    samples.push({
      at,
      waited: performance.now() - at,
      sentThere: location?.startsWith(`${origin}/`) ?? false,
    })
    await new Promise((resolve) => setTimeout(resolve, PACE))
  }
}

const CONTENT = {
  blob: storeContent(BLOBS),
  manifest: registryContent({ name: NAME, tags: { latest: MANIFEST }, blobs: BLOBS }),
}

async function serverOf(row: Row, certificates: Certificates | undefined): Promise<MisbehavingServer> {
  const { asked, fault, script } = row
  return startMisbehaving({
    content: CONTENT[asked],
    ...(fault === 'expired certificate' && certificates && { certificates }),
    ...(script === 'all the time' && fault !== 'name that does not resolve' && { fault }),
  })
}

function targetOf({ asked }: Row, n: number): string {
  if (asked === 'blob') return `/v2/${NAME}/blobs/${BLOBS[n % BLOBS.length]!.digest}`
  return `/v2/${NAME}/manifests/${n % 2 === 0 ? 'latest' : MANIFEST.digest}`
}

function config(
  rows: readonly Row[],
  servers: ReadonlyMap<Row, MisbehavingServer>,
  canonical: string,
): object {
  const urlOf = (row: Row) =>
    row.fault === 'name that does not resolve' ? `http://${row.id}.invalid` : servers.get(row)!.origin
  const place = (row: Row) => `test/${row.id}`
  return {
    log: { access: false },
    upstreams: [
      { id: 'canonical', url: canonical, at: 'test/canonical', canonical: true },
      ...rows
        .filter(({ asked }) => asked !== 'blob')
        .map((row) => ({
          id: row.id,
          url: urlOf(row),
          at: place(row),
          canary: `${NAME}@${MANIFEST.digest}`,
        })),
    ],
    stores: rows
      .filter(({ asked }) => asked === 'blob')
      .map((row) => ({
        id: row.id,
        url: urlOf(row),
        at: place(row),
        // The others have to do with what the door learns by itself while it serves.
        ...(row.script === 'all the time' && { canary: BLOBS[0]!.digest }),
      })),
    routing: [
      ...rows.map((row) => ({ when: { region: row.id }, prefer: [row.id] })),
      { prefer: ['canonical'] },
    ],
    clients: { trustedProxies: ['127.0.0.0/8'] },
    clouds: { places: rows.map((row) => ({ prefix: `${row.network}.0/24`, at: place(row) })) },
    presence: { timeout: '300ms', negativeTtl: '1s' },
    health: {
      interval: '1s',
      timeout: '300ms',
      failures: 3,
      successes: 2,
    },
  }
}

/** Sends one request and gives where it was redirected to. */
function locate(port: number, path: string, client: string, agent: Agent) {
  return new Promise<{ location: string | undefined }>((resolve, reject) => {
    const headers = { 'X-Forwarded-For': client }
    get({ port, host: '127.0.0.1', path, agent, headers }, (response: IncomingMessage) => {
      response.resume()
      response.once('end', () => resolve({ location: response.headers.location }))
      response.once('error', reject)
    }).once('error', reject)
  })
}
