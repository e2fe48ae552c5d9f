import { createHash, randomBytes } from 'node:crypto'
import { Agent, get } from 'node:http'
import { type RuntimeName, startPortolan } from '../../test/support/portolan.ts'
import { startScriptedStore } from '../../test/support/scripted-store.ts'

// Honest first requests, of which nothing is known yet, while somebody asks for digests that exist nowhere: how many are
// sent to the store that holds what they want, and how many invented digests the store is asked for.

const SECONDS = 5
const HONEST_PER_SECOND = 50
const STORE = 'http://'
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

interface Scenario {
  readonly name: string
  /** Invented digests a second. */
  readonly invented: number
  /** From where the digests are invented, and who else asks, by a number. */
  readonly attacker: (n: number) => string
  readonly client: (n: number) => string
}

const oneOf = (n: number) => `198.51.100.${n % 200}`
const elsewhere = (n: number) => `35.180.${n % 250}.${1 + (n % 200)}`
const SCENARIOS: readonly Scenario[] = [
  { name: 'nobody invents', invented: 0, attacker: oneOf, client: elsewhere },
  { name: '600 a second, one network', invented: 600, attacker: () => oneOf(7), client: elsewhere },
  {
    name: '600 a second, their own network',
    invented: 600,
    attacker: () => oneOf(7),
    client: (n) => oneOf(8 + (n % 190)),
  },
  {
    name: '600 a second, 100 networks',
    invented: 600,
    attacker: (n) => `203.0.${n % 100}.7`,
    client: elsewhere,
  },
  { name: '6,000 a second, one network', invented: 6000, attacker: () => oneOf(7), client: elsewhere },
]

export async function inventDigests(runtime: RuntimeName): Promise<void> {
  for (const scenario of SCENARIOS) {
    const held = Array.from({ length: SECONDS * HONEST_PER_SECOND }, (_, n) => digestOf(Buffer.from(`${n}`)))
    const holds = new Set(held.map((digest) => `/blobs/${digest}`))
    let asked = 0
    await using store = await startScriptedStore((path) => {
      if (holds.has(path)) return 200
      asked++
      return 404
    })
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
    const { reached, sent } = await play(door.port, store.origin, held, scenario)
    console.log(
      `door on ${runtime}`.padEnd(13),
      `invented: ${scenario.name}`.padEnd(42),
      `${reached} of ${held.length} honest first requests reach the store; it is asked for ${asked} of ${sent} invented ones`,
    )
  }
}

interface Outcome {
  readonly reached: number
  /** Invented digests that were asked for. */
  readonly sent: number
}

async function play(
  port: number,
  store: string,
  held: readonly string[],
  { invented, attacker, client }: Scenario,
): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  let isOver = false
  let sent = 0
  const attack = async () => {
    const startedAt = performance.now()
    while (!isOver) {
      const due = ((performance.now() - startedAt) / 1000) * invented
      for (; sent < due; sent++) void locationOf(port, agent, digestOf(randomBytes(16)), attacker(sent))
      await wait(10)
    }
  }
  const attacking = attack()
  let reached = 0
  const answers: Promise<void>[] = []
  for (const [n, digest] of held.entries()) {
    answers.push(
      locationOf(port, agent, digest, client(n)).then((location) => {
        if (location?.startsWith(`${STORE}${new URL(store).host}/`)) reached++
      }),
    )
    await wait(1000 / HONEST_PER_SECOND)
  }
  await Promise.all(answers)
  isOver = true
  await attacking
  agent.destroy()
  return { reached, sent }
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
