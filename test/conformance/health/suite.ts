import { writeFile } from 'node:fs/promises'
import { Agent, get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Certificates, makeCertificates, noCertificates } from '../../support/certificates.ts'
import { makeBlob, makeManifest, registryContent, storeContent } from '../../support/content.ts'
import { type MisbehavingServer, startMisbehaving } from '../../support/misbehaving.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { until } from '../../support/until.ts'
import { healthRows, type Row, type RowFault } from './rows.ts'

const INTERVAL = 1000
const TIMEOUT = 300
const FAILURES = 3
const SUCCESSES = 2
const PATIENCE = 300

/**
 * When nobody may be sent to a faulty backend any more: `failures` probes, each an interval with its jitter and one
 * request that times out. The rest is room for a machine that is busy with all rows at once.
 */
const DETECTED = FAILURES * (1.2 * INTERVAL + TIMEOUT) + 2500
/** When clients must be sent there again: `successes` probes or the pause of a second relapse, whichever is later. */
const RETURNED = SUCCESSES * 1.2 * INTERVAL + 2 * INTERVAL + 8000
/** What a busy machine may add to a wait. */
const SLACK = 2000
/** Between two requests of one client. */
const PACE = 150

const BLOBS = Array.from({ length: 6 }, (_, n) => makeBlob(`blob ${n}`))
const MANIFEST = makeManifest(BLOBS[0]!, BLOBS[1]!)
const NAME = 'team/app'

/** What a client of a row got. */
interface Sample {
  readonly at: number
  readonly waited: number
  readonly sentThere: boolean
}

/** What was measured of a row, in milliseconds. */
interface Measured {
  readonly detections: number[]
  readonly returns: number[]
  longestWait: number
}

/**
 * Every way in which a backend can fail, against a door that runs as an operator runs it: all rows at once, each with
 * a backend and a client of its own.
 */
export function describeHealth(runtime: RuntimeName): void {
  describe(`a door on ${runtime} whose backends misbehave`, () => {
    const rows = healthRows(noCertificates === undefined)
    const made = new AsyncDisposableStack()
    const servers = new Map<Row, MisbehavingServer>()
    const stories = new Map<Row, Promise<Measured>>()
    const measured = new Map<Row, Measured>()
    const agent = new Agent({ keepAlive: true, maxSockets: 64 })
    let door: Portolan

    beforeAll(async () => {
      if (noCertificates !== undefined) console.warn(`expired certificates are skipped; ${noCertificates}`)
      const certificates = noCertificates === undefined ? made.use(await makeCertificates()) : undefined
      if (certificates !== undefined) process.env.NODE_EXTRA_CA_CERTS = certificates.trustFile
      const canonical = made.use(await startMisbehaving({ content: CONTENT.manifest }))
      for (const row of rows) servers.set(row, made.use(await serverOf(row, certificates)))
      door = made.use(await startPortolan(config(rows, servers, canonical.origin), runtime))
      for (const row of rows)
        stories.set(
          row,
          play(row).finally(() => {}),
        )
      for (const story of stories.values()) story.catch(() => {})
    }, 60_000)
    afterAll(async () => {
      agent.destroy()
      await made.disposeAsync()
      if (measured.size > 0) await report(runtime, measured)
    })

    it.each(rows)(
      'keeps clients from $fault, $script, asked for a $asked',
      async (row) => {
        measured.set(row, await stories.get(row)!)
      },
      60_000,
    )

    /** Plays the script of a row while its client goes on asking; throws when a client was sent where it would fail. */
    async function play(row: Row): Promise<Measured> {
      const server = servers.get(row)!
      const samples: Sample[] = []
      const story: Measured = { detections: [], returns: [], longestWait: 0 }
      const client = new AbortController()
      const asking = ask(row, server, samples, client.signal)
      const healthy = async () => {
        const since = performance.now()
        await until(
          `${row.id} to be sent clients`,
          () => samples.some(({ at, sentThere }) => sentThere && at >= since),
          RETURNED,
        )
        return samples.find(({ at, sentThere }) => sentThere && at >= since)!.at - since
      }
      // When the fault begins, the door knows of everything that clients ask for that it is there.
      const known = () =>
        until(
          `${row.id} to be known`,
          () =>
            samples.length > BLOBS.length && samples.slice(-BLOBS.length).every(({ sentThere }) => sentThere),
          RETURNED,
        )
      const faulty = async (alreadyKnown: boolean) => {
        if (!alreadyKnown) await known()
        const since = performance.now()
        await server.misbehave(row.fault === 'name that does not resolve' ? undefined : row.fault)
        const bound = since + (alreadyKnown ? 0 : DETECTED)
        await until(`the time of ${row.id}`, () => performance.now() > bound + 1000, DETECTED + 10_000)
        const last = samples.findLast(({ at, sentThere }) => sentThere && at >= since)
        story.detections.push(last === undefined ? 0 : last.at - since)
        expect(
          last === undefined || last.at <= bound,
          `a client was sent there ${(last?.at ?? 0) - since} ms after the fault began`,
        ).toBe(true)
      }
      const mended = async () => {
        await server.misbehave(undefined)
        story.returns.push(await healthy())
      }
      try {
        if (row.script === 'all the time') {
          await faulty(true)
          if (row.fault !== 'name that does not resolve') await mended()
        } else {
          for (let round = 0; round < (row.script === 'comes and goes' ? 2 : 1); round++) {
            await faulty(false)
            await mended()
          }
        }
      } finally {
        client.abort()
        await asking
        story.longestWait = Math.max(0, ...samples.map(({ waited }) => waited))
      }
      expect(story.longestWait).toBeLessThan(PATIENCE + SLACK)
      return story
    }

    /**
     * Clients that ask until they are told to stop, for one thing after the other that the backend holds; always another
     * client, so that none comes back for what it was sent to before.
     */
    async function ask(row: Row, { origin }: MisbehavingServer, samples: Sample[], end: AbortSignal) {
      for (let n = 0; !end.aborted; n++) {
        const at = performance.now()
        const { location } = await locate(door.port, targetOf(row, n), `${row.network}.${n % 250}`, agent)
        samples.push({
          at,
          waited: performance.now() - at,
          sentThere: location?.startsWith(`${origin}/`) ?? false,
        })
        await new Promise((resolve) => setTimeout(resolve, PACE))
      }
    }
  })
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
    presence: { timeout: `${PATIENCE}ms`, negativeTtl: '1s' },
    health: {
      interval: `${INTERVAL}ms`,
      timeout: `${TIMEOUT}ms`,
      failures: FAILURES,
      successes: SUCCESSES,
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

/** Prints the longest times of every fault as a table, and writes all of them to a file. */
async function report(runtime: RuntimeName, measured: ReadonlyMap<Row, Measured>): Promise<void> {
  const file = join(tmpdir(), `portolan-health-${runtime}.json`)
  await writeFile(
    file,
    `${JSON.stringify(
      [...measured].map(([row, story]) => ({ ...row, ...story })),
      null,
      2,
    )}\n`,
  )
  const seconds = (fault: RowFault, asked: string, pick: (story: Measured) => number[]) => {
    const times = [...measured]
      .filter(([row]) => row.fault === fault && (row.asked === 'blob') === (asked === 'store'))
      .flatMap(([row, story]) =>
        row.script === 'all the time' && pick(story) === story.detections ? [] : pick(story),
      )
    return times.length === 0 ? '–' : (Math.max(...times) / 1000).toFixed(1)
  }
  const lines = [...new Set([...measured.keys()].map(({ fault }) => fault))].map((fault) => [
    fault,
    seconds(fault, 'store', ({ detections }) => detections),
    seconds(fault, 'store', ({ returns }) => returns),
    seconds(fault, 'upstream', ({ detections }) => detections),
    seconds(fault, 'upstream', ({ returns }) => returns),
  ])
  const head = ['fault', 'store: noticed', 'back', 'upstream: noticed', 'back']
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column]!.length)))
  const table = [head, widths.map((width) => '-'.repeat(width)), ...lines]
    .map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`)
    .join('\n')
  console.log(`Longest times in seconds, on ${runtime}; all of them in ${file}\n${table}`)
}
