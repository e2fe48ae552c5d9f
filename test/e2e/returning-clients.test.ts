import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startAdmittedStores } from '../support/admitted-stores.ts'
import { type BigImage, makeBigImage } from '../support/big-image.ts'
import type { Asked, Fault, Seen } from '../support/misbehaving.ts'
import type { Ran } from '../support/programs.ts'
import { containerdClients, lateContainerdClients } from '../support/pull-clients/containerd.ts'
import { DOCKER_CLIENT } from '../support/pull-clients/docker.ts'
import type { PullClient } from '../support/pull-clients/pull-client.ts'
import { TOOL_CLIENTS } from '../support/pull-clients/tools.ts'
import { FULL, sample } from '../support/sample.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

// Pulls by real clients from a store that goes bad after it was admitted, whose faults our own checks find late or never.

interface Row {
  readonly name: string
  readonly fault: Fault
  /** Which requests get to feel it. */
  readonly afflicts: (asked: Asked, image: BigImage) => boolean
  /** Between tries, in milliseconds, instead of the client's own. */
  readonly pause?: number
  /** The next store, too; then the promise is one try more. */
  readonly alsoNext?: boolean
}

const isBig = ({ size }: Asked) => size >= 500_000
const isOurs = (userAgent: string) => userAgent.startsWith('portolan')

const ROWS: readonly Row[] = [
  { name: '403 for blobs of 500 kB and more', fault: '403', afflicts: isBig },
  { name: 'cut half-way', fault: 'cut in the body', afflicts: isBig },
  { name: 'cut at 1.5 MiB', fault: 'cut at 1.5 MiB', afflicts: isBig },
  {
    name: 'one wrong byte in a blob of 9 MB',
    fault: 'one wrong byte',
    afflicts: ({ path }, { blobs }) => path.endsWith(blobs.at(-1)!.digest),
  },
  { name: 'headers, then nothing', fault: 'stall after the headers', afflicts: isBig },
  { name: '403 to all but our User-Agent', fault: '403', afflicts: ({ userAgent }) => !isOurs(userAgent) },
  {
    name: 'cut half-way, to all but our User-Agent',
    fault: 'cut in the body',
    afflicts: (asked) => isBig(asked) && !isOurs(asked.userAgent),
  },
  {
    name: '403 for one blob, a try every 10.5 s',
    fault: '403',
    afflicts: ({ path }, { blobs }) => path.endsWith(blobs.at(-2)!.digest),
    pause: 10_500,
  },
  {
    name: '403 to all but our User-Agent, at two stores',
    fault: '403',
    afflicts: ({ userAgent }) => !isOurs(userAgent),
    alsoNext: true,
  },
]

const NAME = 'team/app'
const IMAGE = `${NAME}:v1`

/** The promise: at the latest on the third try; one more where the next store went bad too. */
const PROMISED = 3
/** For one cell, in milliseconds: five tries of a runtime that waits as kubelet does, and for a store that stalls. */
const LONGEST = 400_000
/** Tries made, to see by how much it is broken. */
const MOST = 5
/** How often a client that hangs is started anew, the first time included. */
const MOST_BEGINNINGS = 3

const clients = [...TOOL_CLIENTS, ...(await containerdClients()), DOCKER_CLIENT]
for (const { name, missing } of clients) {
  if (missing !== undefined)
    console.warn(`pulls with ${name} from a store that goes bad are skipped; ${missing}`)
}

const late = (await lateContainerdClients()).filter(({ missing }) => missing === undefined)
const able = clients.filter(({ missing }) => missing === undefined)
const CELLS = able.flatMap((client) =>
  ROWS.map((row) => ({ client, row, label: `${client.name}: ${row.name}` })),
)
type Cell = (typeof CELLS)[number]

/** What takes more than a minute, as these clients wait long for an answer or between tries, and some take turns. */
const takesMinutes = ({ client: { name }, row: { fault } }: Cell) =>
  (fault === 'stall after the headers' && /^(?:containerd|docker)/.test(name)) ||
  (fault === 'cut in the body' && name === 'docker')
const cells = FULL
  ? CELLS
  : sample(
      'pulls from a store that goes bad, but for those that take minutes',
      CELLS.filter((cell) => !takesMinutes(cell)),
      10,
      ({ row }) => row.name,
    )
const together = cells.filter(({ client }) => client.isAlone !== true)
const alone = cells.filter(({ client }) => client.isAlone === true)

/** The try that worked, by the label of the cell; infinite when none has, absent when none was made. */
const worked = new Map<string, number>()

describe('a pull, from a store that goes bad after it was admitted', () => {
  let folder: TempFolder
  let image: BigImage

  beforeAll(async () => {
    folder = await makeTempFolder()
    image = await makeBigImage(join(folder.path, 'image'), NAME)
  })
  afterAll(async () => {
    await folder[Symbol.asyncDispose]()
    printTable()
  })

  const title = 'works by the promised try, with $client.name: $row.name'
  it.concurrent.each(together)(title, expectPull, LONGEST)
  it.each(alone)(title, expectPull, LONGEST)

  it.concurrent.each(late)(
    'works by the third try, with $name, whose second fails by what the first left and asks for no blob',
    async (client) => {
      await using world = await startAdmittedStores(image)
      const home = await mkdtemp(join(folder.path, 'l-'))
      await using started = await client.start(home)
      const spoilt = image.blobs.at(-1)!.digest
      await world.near.misbehave('one wrong byte', spoilt)
      const { attempt, said } = await firstThatWorks(client, {}, () => started.pull(world.host, IMAGE))
      expect(attempt, said).toBe(PROMISED)
      const asked = world.near.requests.filter((seen) => isDownload(seen) && seen.path.endsWith(spoilt))
      expect(asked).toHaveLength(1)
    },
    LONGEST,
  )

  // What could be taken for a client that comes back, where nothing is wrong.
  it.each(able.filter(({ name }) => name === 'crane' || name.endsWith('in ranges')))(
    'stays in traffic while it delivers, with twelve $name at once behind one address, and one of them again',
    async (client) => {
      await using world = await startAdmittedStores(image)
      const pull = async (_: unknown, n: number) => {
        const home = await mkdtemp(join(folder.path, `${n}-`))
        await using started = await client.start(home)
        return await started.pull(world.host, IMAGE)
      }
      const ended = await Promise.all(Array.from({ length: 12 }, pull))
      ended.push(await pull(client, 0))
      expect(ended.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual(ended.map(() => 0))
      const moved = [...world.next.requests, ...world.upstream.requests].filter(isDownload)
      // The sixteen that an address may have moved which many share (docs/retries.md).
      expect(moved.length).toBeLessThanOrEqual(16)
      expect(await world.health()).toMatchObject({ status: 'healthy' })
      console.info(
        `${client.name}, many at once: ${moved.length} of ${world.near.requests.filter(isDownload).length} requests moved`,
      )
    },
    LONGEST,
  )

  async function expectPull(cell: Cell): Promise<void> {
    for (let beginning = 1; beginning < MOST_BEGINNINGS; beginning++) {
      if (await endsByItself(cell)) return
      console.warn(`${cell.label}: begun anew, since the client hangs: ${cell.client.mayHang}`)
    }
    expect(await endsByItself(cell), 'the client hung each time').toBe(true)
  }

  /** Whether the client came to an end that may be judged, and was: a runtime that hangs has to be started anew. */
  async function endsByItself({ client, row, label }: Cell): Promise<boolean> {
    await using world = await startAdmittedStores(image)
    // Containerd's socket must have a short path.
    const home = await mkdtemp(join(folder.path, 'c'))
    await using started = await client.start(home)
    for (const store of row.alsoNext === true ? [world.near, world.next] : [world.near]) {
      await store.misbehave(row.fault, (asked) => row.afflicts(asked, image))
    }

    const { attempt, said } = await firstThatWorks(client, row, () => started.pull(world.host, IMAGE))
    if (attempt === 'hangs') return false
    worked.set(label, attempt)
    expect(world.near.requests.some(isDownload), 'it asked the store that went bad').toBe(true)
    expect(attempt, said).toBeLessThanOrEqual(row.alsoNext === true ? PROMISED + 1 : PROMISED)
    return true
  }
})

/** The number of the try that worked, infinite when none has, or that the client hangs; and what all have said. */
async function firstThatWorks(
  { pauses, mayHang }: PullClient,
  { pause }: Pick<Row, 'pause'>,
  pull: () => Promise<Ran>,
): Promise<{ readonly attempt: number | 'hangs'; readonly said: string }> {
  const said: string[] = []
  for (let attempt = 1; attempt <= MOST; attempt++) {
    if (attempt > 1) await sleep(pause ?? pauses[Math.min(attempt - 2, pauses.length - 1)])
    const { code, stderr } = await pull()
    said.push(`try ${attempt} ended with ${code}: ${stderr.trim()}`)
    if (code === 0) return { attempt, said: said.join('\n') }
    // It was killed.
    if (code === null && mayHang !== undefined) return { attempt: 'hangs', said: said.join('\n') }
  }
  return { attempt: Number.POSITIVE_INFINITY, said: said.join('\n') }
}

/** Of a blob, by a client: our own probes say who they are. */
function isDownload({ method, path, userAgent }: Seen): boolean {
  return method === 'GET' && path.includes('sha256:') && !path.includes('/manifests/') && !isOurs(userAgent)
}

function printTable(): void {
  const row = (words: readonly string[]) => `| ${words.join(' | ')} |`
  const tryOf = (label: string) => {
    const attempt = worked.get(label)
    return attempt === Number.POSITIVE_INFINITY ? '✗' : `${attempt ?? ''}`
  }
  const lines = [
    row(['store, after it was admitted', ...able.map(({ name }) => name)]),
    `|${'---|'.repeat(able.length + 1)}`,
    ...ROWS.map(({ name: what }) => row([what, ...able.map(({ name }) => tryOf(`${name}: ${what}`))])),
    row(['what ends a wait for nothing', ...able.map(({ waitEnd }) => waitEnd)]),
  ]
  console.info(`The try that worked:\n${lines.join('\n')}`)
}
