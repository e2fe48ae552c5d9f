import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { childrenOf } from '../../support/connection-owner.ts'
import { makeBlob, registryContent, storeContent } from '../../support/content.ts'
import { parseExposition, type Sample } from '../../support/exposition.ts'
import { type MisbehavingServer, startMisbehaving } from '../../support/misbehaving.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { findFreePort } from '../../support/ports.ts'
import { exchange } from '../../support/raw-http.ts'
import { until } from '../../support/until.ts'
import { connectToWorker, type WorkerClient } from '../../support/worker-client.ts'

const WORKERS = 3
const PARIS = 'aws/eu-west-3'
const CANARY = makeBlob('canary')
const BLOBS = Array.from({ length: 8 }, (_, n) => makeBlob(`blob ${n}`))

/** Longer than what one process learns takes to be known to the others. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 400))

/** What holds for a door of several processes, on every runtime. */
export function describeWorkers(runtime: RuntimeName): void {
  describe(`a door of ${WORKERS} processes on ${runtime}`, () => {
    const made = new AsyncDisposableStack()
    let store: MisbehavingServer
    let canonical: MisbehavingServer
    let door: Portolan

    beforeAll(async () => {
      store = made.use(await startMisbehaving({ content: storeContent([...BLOBS, CANARY]) }))
      canonical = made.use(await startMisbehaving({ content: registryContent() }))
      door = made.use(await startPortolan(config(), runtime, undefined, ['--workers', `${WORKERS}`]))
    })
    afterAll(() => made.disposeAsync())

    it('has its backends checked by the process that answers nobody, and by no other', async () => {
      const all = await clients()
      const checks = () => store.requests.filter(({ path }) => path.endsWith(CANARY.digest)).length
      door.process.kill('SIGSTOP')
      try {
        // What was on its way arrives.
        await settle()
        const before = checks()
        // Longer than there ever is between two checks.
        await new Promise((resolve) => setTimeout(resolve, 1500))
        expect(checks()).toBe(before)
        for (const client of all) expect((await client.get('/v2/')).status).toBe(200)
      } finally {
        door.process.kill('SIGCONT')
      }
      const before = checks()
      await until('another check', () => checks() > before)
      for (const client of all) {
        expect(await isStore(client, 0, '35.180.1.1')).toBe(true)
        client[Symbol.dispose]()
      }
    })

    it('asks a store once for a blob, whichever process is asked for it', async () => {
      for (const client of await clients()) {
        using asked = client
        expect(await isStore(asked, 1, '35.180.1.2')).toBe(true)
        await settle()
      }
      const probes = store.requests.filter(
        ({ method, path }) => method === 'HEAD' && path.endsWith(BLOBS[1]!.digest),
      )
      expect(probes).toHaveLength(1)
    })

    it('sends a client elsewhere at its third try, each answered by another process', async () => {
      const sent: boolean[] = []
      for (const client of await clients()) {
        using asked = client
        await asked.get('/v2/team/app/manifests/v1', { 'X-Forwarded-For': '35.180.1.3' })
        await settle()
        sent.push(await isStore(asked, 2, '35.180.1.3'))
        await settle()
      }
      expect(sent).toEqual([true, true, false])
    })

    it('tells what is made of clients that come back, whichever process they came to', async () => {
      const { body } = await exchange(door.adminPort, { target: '/retries' })
      expect(JSON.parse(body).stores).toEqual([expect.objectContaining({ store: 'paris', cameBack: 1 })])
    })

    it('takes a store out of traffic in every process', async () => {
      await store.misbehave('500')
      const all = await clients()
      await until('every process to know', async () => {
        const sent = await Promise.all(all.map((client) => isStore(client, 3, '35.180.1.4')))
        return sent.every((toStore) => !toStore)
      })
      await store.misbehave(undefined)
      await until('every process to know', async () => {
        const sent = await Promise.all(all.map((client, n) => isStore(client, 4, `35.180.1.${10 + n}`)))
        return sent.every((toStore) => toStore)
      })
      for (const client of all) client[Symbol.dispose]()
    })

    it('counts what all of its processes answered, and forgets nothing when one is killed', async () => {
      const before = await answered()
      for (const client of await clients()) {
        using asked = client
        await asked.get('/v2/')
      }
      const after = await answered()
      // Connecting asks, too.
      expect(after - before).toBeGreaterThanOrEqual(2 * WORKERS)
      await killAndWait(workers()[0]!)
      expect(await answered()).toBeGreaterThanOrEqual(after)
      const samples = await scrape()
      const told = samples.filter(
        ({ name, labels }) => name === 'portolan_backend_up' && labels.backend === 'paris',
      )
      expect(told).toHaveLength(1)
      expect(readValue(samples, 'process_resident_memory_bytes')).toBeGreaterThan(0)
    })

    it('goes on while one of its processes is killed, and says so', async () => {
      const all = await clients()
      const [first, ...others] = all
      let stop = false
      let answers = 0
      const load = others.map(async (client) => {
        while (!stop) {
          expect((await client.get('/v2/')).status).toBe(200)
          answers++
        }
      })
      await killAndWait(first!.pid)
      const since = answers
      await until('more answers', () => answers > since + 50)
      stop = true
      await Promise.all(load)
      for (const client of all) client[Symbol.dispose]()
      await until('the line', () =>
        door.log.some(
          ({ msg, pid }) => pid === first!.pid && msg === 'a worker ended: another takes its place',
        ),
      )
      // The new one knows what the others do.
      for (const client of await clients()) {
        using asked = client
        expect(await isStore(asked, 5, '35.180.1.5')).toBe(true)
      }
    })

    it('writes each line of its access log whole, whichever process it is from', async () => {
      const all = await clients()
      const target = `/v2/${'a'.repeat(200)}/tags/list`
      const count = 300
      await Promise.all(
        all.map(async (client) => {
          for (let n = 0; n < count; n++) await client.get(target)
        }),
      )
      for (const client of all) client[Symbol.dispose]()
      const lines = () => door.log.filter((line) => line.target === target)
      await until('every line', () => lines().length === count * WORKERS)
      expect(new Set(lines().map(({ id }) => id)).size).toBe(count * WORKERS)
    })

    it('puts a config in force in every process', async () => {
      await reload({ debug: true })
      for (const client of await clients()) {
        using asked = client
        await until('the config', async () => (await asked.get('/v2/')).id !== undefined)
      }
    })

    it('reads requests otherwise when its config says so, and fails nobody', async () => {
      const load = keepAsking(door.port)
      const moves = anew().length
      await reload({ listener: 'node-http' })
      await until('the change', () => anew().length > moves)
      const { answers: before } = load.counts()
      await until('more answers', () => load.counts().answers > before + 200)
      expect((await load.stop()).failures).toEqual([])
    })

    it('stays where it listens when the rest of that config cannot be had, and takes the next good one', async () => {
      const moves = anew().length
      const upstreams = [{ id: 'canonical', layout: 'nowhere', at: 'gcp/us-central1' }]
      const refusals = refused().length
      await write({ listen: `127.0.0.1:${await findFreePort()}`, upstreams })
      door.process.kill('SIGHUP')
      await until('the refusal', () => refused().length > refusals)
      await reload({})
      expect(anew()).toHaveLength(moves)
      expect(await statusAt(door.port)).toBe(200)
    })

    it('stays where it listens when the address of its config is taken, and says so', async () => {
      await using other = await startMisbehaving({ content: registryContent() })
      const { host } = new URL(other.origin)
      const before = refused().length
      await write({ listen: host })
      door.process.kill('SIGHUP')
      await until('the refusal', () => refused().length > before)
      expect(refused().at(-1)).toMatchObject({
        faults: [expect.stringContaining(`cannot listen on ${host}`)],
      })
    })

    it('listens elsewhere when its config says so, with the same processes', async () => {
      const port = await findFreePort()
      const before = workers()
      using known = (await clients())[0]!
      await reload({ listen: `127.0.0.1:${port}` })
      await until('the change', () => anew().at(-1)?.listen === `127.0.0.1:${port}`)
      // Who is connected is answered once more.
      expect((await known.get('/v2/')).status).toBe(200)
      await until('an answer', async () => (await statusAt(port)) === 200)
      await until('the end of the listeners before', async () => (await statusAt(door.port)) === undefined)
      expect(workers()).toEqual(before)
      const { body } = await exchange(door.adminPort, { target: '/' })
      expect(JSON.parse(body).door).toBe(`127.0.0.1:${port}`)
    })

    it('keeps others from its port, who end at once', async () => {
      const port = Number(String(anew().at(-1)?.listen).split(':').at(-1))
      const second = startPortolan({ ...config(), listen: `127.0.0.1:${port}` }, runtime, undefined, [
        ...['--workers', '2'],
      ])
      await expect(second).rejects.toThrow(new RegExp(`ended with 3:[^]*cannot listen on 127.0.0.1:${port}`))
    })

    it('ends with all of its processes when the first one is killed', async () => {
      const pids = workers()
      await door.stop('SIGKILL')
      await until('the others to end', () => !pids.some(isRunning))
    })

    const FILE = { version: 1, listen: '127.0.0.1:0', admin: '127.0.0.1:0' }
    function config(): object {
      return {
        upstreams: [{ id: 'canonical', url: canonical.origin, at: 'gcp/us-central1' }],
        stores: [{ id: 'paris', url: store.origin, at: PARIS, canary: CANARY.digest }],
        clients: { trustedProxies: ['127.0.0.0/8'] },
        clouds: { places: [{ prefix: '35.180.1.0/24', at: PARIS }] },
        // No time limit falls due on a machine that is busy with other tests: one failure would take the store out.
        health: { interval: '1s', timeout: '30s', failures: 1, successes: 1 },
        presence: { timeout: '30s' },
      }
    }
    const workers = () => childrenOf(door.process.pid!)
    const anew = () => door.log.filter(({ msg }) => msg === 'the workers listen anew')
    const refused = () => door.log.filter(({ level, faults }) => level === 'error' && faults !== undefined)
    const clients = () => connectToEach(door)
    const write = (part: object) =>
      writeFile(door.configFile, JSON.stringify({ ...FILE, ...config(), ...part }))
    const isStore = async (client: WorkerClient, blob: number, from: string) => {
      const target = `/v2/team/app/blobs/${BLOBS[blob]!.digest}`
      const { location } = await client.get(target, { 'X-Forwarded-For': from })
      return location?.startsWith(store.origin) ?? false
    }
    async function reload(part: object): Promise<void> {
      const status = async () => JSON.parse((await exchange(door.adminPort, { target: '/reload' })).body)
      const { inForceSince } = await status()
      await write(part)
      door.process.kill('SIGHUP')
      await until('the reload', async () => (await status()).inForceSince !== inForceSince)
    }
    async function scrape(): Promise<Sample[]> {
      return parseExposition((await exchange(door.adminPort, { target: '/metrics' })).body)
    }
    const answered = async () => readValue(await scrape(), 'portolan_responses_total', { status: '200' })
    /** Kills a worker; settles when another has taken its place. */
    async function killAndWait(pid: number): Promise<void> {
      const lost = async () => readValue(await scrape(), 'portolan_workers_lost_total')
      const before = await lost()
      process.kill(pid, 'SIGKILL')
      await until('the loss to be noticed', async () => (await lost()) === before + 1)
      await until('another', async () => readValue(await scrape(), 'portolan_workers') === WORKERS)
    }
  })

  it(`a door of 2 processes on ${runtime} ends with all of them, after its delay, when its whole group is told to`, async () => {
    // Its upstream is never there, and it needs none.
    const upstreams = [{ id: 'nobody', url: 'http://127.0.0.1:9', at: 'gcp/us-central1' }]
    const words = ['--workers', '2', '--shutdown-delay', '1s']
    await using door = await startPortolan({ upstreams }, runtime, undefined, words)
    const pids = childrenOf(door.process.pid!)
    const [client, other] = await connectToEach(door)
    for (const pid of pids) process.kill(pid, 'SIGTERM')
    const ended = door.stop()
    await until('the last answer', async () => (await client!.get('/v2/')).connection === 'close')
    expect(await ended).toBe(0)
    expect(pids.filter(isRunning)).toEqual([])
    client![Symbol.dispose]()
    other![Symbol.dispose]()
  })

  it(`a door of 2 processes on ${runtime} ends at once with all of them, within its delay too, at a second signal`, async () => {
    const upstreams = [{ id: 'nobody', url: 'http://127.0.0.1:9', at: 'gcp/us-central1' }]
    const words = ['--workers', '2', '--shutdown-delay', '8s']
    await using door = await startPortolan({ upstreams }, runtime, undefined, words)
    const pids = childrenOf(door.process.pid!)
    // A request that runs would hold a drain up until it is cut off.
    const client = connect(door.port, '127.0.0.1').on('error', () => {})
    client.write('GET /v2/ HTTP/1.1\r\n')
    const ends = Promise.all([once(client, 'close'), door.stop()])
    await until('the drain', () => door.log.some(({ msg }) => String(msg).startsWith('draining')))
    door.process.kill('SIGTERM')
    await until('all to end', () => !pids.some(isRunning), 5000)
    await ends
  })
}

/** One connection to each worker of a door. */
async function connectToEach(door: Portolan): Promise<WorkerClient[]> {
  const pids = childrenOf(door.process.pid!)
  return Promise.all(pids.map((pid) => connectToWorker(door.port, pid, pids)))
}

/** Asks again and again, each time by a new connection, until it is stopped; tells how that went. */
function keepAsking(port: number) {
  let isOver = false
  const failures: string[] = []
  let answers = 0
  const ask = async () => {
    while (!isOver) {
      const reply = await exchange(port, { target: '/v2/' }).catch((error: Error) => error)
      if ('status' in reply && reply.status === 200) answers++
      else failures.push('status' in reply ? `status ${reply.status}` : reply.message)
    }
  }
  const asking = [ask(), ask()]
  return {
    counts: () => ({ failures, answers }),
    async stop() {
      isOver = true
      await Promise.all(asking)
      return { failures, answers }
    },
  }
}

/** What is answered there; `undefined` where nobody listens. */
function statusAt(port: number): Promise<number | undefined> {
  return exchange(port, { target: '/v2/' }).then(
    ({ status }) => status,
    () => undefined,
  )
}

function readValue(samples: readonly Sample[], name: string, labels: Sample['labels'] = {}): number {
  const entries = Object.entries(labels)
  const found = samples.find(
    (sample) => sample.name === name && entries.every(([label, value]) => sample.labels[label] === value),
  )
  return found?.value ?? 0
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
