import { createHash, randomBytes } from 'node:crypto'
import { Agent, get } from 'node:http'
import { type RuntimeName, startPortolan } from '../../test/support/portolan.ts'
import { startScriptedStore } from '../../test/support/scripted-store.ts'

// Honest first requests, of which nothing is known yet, while somebody asks for digests that exist nowhere: how many are
// sent to the store that holds what they want.

const SECONDS = 5
const HONEST_PER_SECOND = 50
const STORE = 'http://'
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

export async function inventDigests(runtime: RuntimeName): Promise<void> {
  for (const invented of [0, 600, 6000]) {
    const held = Array.from({ length: SECONDS * HONEST_PER_SECOND }, (_, n) => digestOf(Buffer.from(`${n}`)))
    const holds = new Set(held.map((digest) => `/blobs/${digest}`))
    await using store = await startScriptedStore((path) => (holds.has(path) ? 200 : 404))
    await using upstream = await startScriptedStore(() => 200)
    await using door = await startPortolan(
      {
        log: { access: false },
        upstreams: [{ id: 'main', url: upstream.origin, at: 'test/main' }],
        stores: [{ id: 'near', url: store.origin, blobs: 'blobs/{digest}', at: 'test/near' }],
        routing: [{ prefer: ['stores'] }],
        clients: { trustedProxies: ['127.0.0.0/8'] },
      },
      runtime,
    )
    const reached = await play(door.port, store.origin, held, invented)
    console.log(
      `door on ${runtime}: ${invented} invented digests a second: ${reached} of ${held.length} honest first requests reach the store`,
    )
  }
}

async function play(port: number, store: string, held: readonly string[], invented: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  let isOver = false
  const attack = async () => {
    const batch = Math.max(1, Math.round(invented / 100))
    while (!isOver && invented > 0) {
      for (let n = 0; n < batch; n++) void locationOf(port, agent, digestOf(randomBytes(16)), '198.51.100.7')
      await wait(10)
    }
  }
  const attacking = attack()
  let reached = 0
  const answers: Promise<void>[] = []
  for (const [n, digest] of held.entries()) {
    const client = `35.180.${n % 250}.${1 + (n % 200)}`
    answers.push(
      locationOf(port, agent, digest, client).then((location) => {
        if (location?.startsWith(`${STORE}${new URL(store).host}/`)) reached++
      }),
    )
    await wait(1000 / HONEST_PER_SECOND)
  }
  await Promise.all(answers)
  isOver = true
  await attacking
  agent.destroy()
  return reached
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

function locationOf(port: number, agent: Agent, digest: string, client: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(
      { port, agent, path: `/v2/app/blobs/${digest}`, headers: { 'X-Forwarded-For': client } },
      (response) => {
        response.resume()
        resolve(response.headers.location)
      },
    )
    request.on('error', () => resolve(undefined))
  })
}
