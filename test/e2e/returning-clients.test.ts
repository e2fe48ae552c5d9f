import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BigImage, makeBigImage } from '../support/big-image.ts'
import { registryContent, storeContent } from '../support/content.ts'
import { type Afflicted, type Fault, startMisbehaving } from '../support/misbehaving.ts'
import { type Portolan, startPortolan } from '../support/portolan.ts'
import { containerdClients } from '../support/pull-clients/containerd.ts'
import { DOCKER_CLIENT } from '../support/pull-clients/docker.ts'
import { TOOL_CLIENTS } from '../support/pull-clients/tools.ts'
import { sample } from '../support/sample.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

// Pulls by real clients from a store that goes bad after it was admitted, whose faults our own checks find late or never.

interface Row {
  readonly name: string
  readonly fault: Fault
  readonly only: (image: BigImage) => Afflicted
  /** Between tries, in milliseconds, instead of the client's own. */
  readonly pause?: number
}

const bigOnes =
  (): Afflicted =>
  ({ size }) =>
    size >= 500_000

const ROWS: readonly Row[] = [
  { name: '403 for blobs of 500 kB and more', fault: '403', only: bigOnes },
  { name: 'cut half-way', fault: 'cut in the body', only: bigOnes },
  { name: 'cut at 1.5 MiB', fault: 'cut at 1.5 MiB', only: bigOnes },
  {
    name: 'one wrong byte in a big blob',
    fault: 'one wrong byte',
    only: ({ blobs }) => blobs.at(-1)!.digest,
  },
  { name: 'headers, then nothing', fault: 'stall after the headers', only: bigOnes },
  {
    name: '403 to all but our User-Agent',
    fault: '403',
    only:
      () =>
      ({ userAgent }) =>
        !userAgent.startsWith('portolan'),
  },
  {
    name: '403 for one blob, a try every 10.5 s',
    fault: '403',
    only: ({ blobs }) => blobs.at(-2)!.digest,
    pause: 10_500,
  },
]

/** The promise: at the latest on the third try. */
const PROMISED = 3
/** For one cell, in milliseconds: five tries of a runtime that waits as kubelet does, and for a store that stalls. */
const LONGEST = 400_000
/** Tries made, to see by how much it is broken. */
const MOST = 5

const clients = [...TOOL_CLIENTS, ...(await containerdClients()), DOCKER_CLIENT]
for (const { name, missing } of clients) {
  if (missing !== undefined)
    console.warn(`pulls with ${name} from a store that goes bad are skipped; ${missing}`)
}

const able = clients.filter(({ missing }) => missing === undefined)
const CELLS = able.flatMap((client) =>
  ROWS.map((row) => ({ client, row, label: `${client.name}: ${row.name}` })),
)
type Cell = (typeof CELLS)[number]
const cells = sample('pulls from a store that goes bad', CELLS, 14, ({ row }) => row.name)
const together = cells.filter(({ client }) => client.isAlone !== true)
const alone = cells.filter(({ client }) => client.isAlone === true)

/** The try that worked, by the label of the cell; infinite when none has, absent when none was made. */
const worked = new Map<string, number>()

describe('a pull, from a store that goes bad after it was admitted', () => {
  let folder: TempFolder
  let image: BigImage

  beforeAll(async () => {
    folder = await makeTempFolder()
    image = await makeBigImage(join(folder.path, 'image'), 'team/app')
  })
  afterAll(async () => {
    await folder[Symbol.asyncDispose]()
    printTable()
  })

  const title = 'works on the third try at the latest, with $label'
  it.concurrent.each(together)(title, expectPull, LONGEST)
  it.each(alone)(title, expectPull, LONGEST)

  async function expectPull({ client, row, label }: Cell): Promise<void> {
    await using upstream = await startMisbehaving({ content: registryContent(image) })
    await using store = await startMisbehaving({ content: storeContent(image.blobs) })
    await using door = await startPortolan({
      log: { access: false },
      upstreams: [{ id: 'main', url: byName(upstream.origin), at: 'far/away' }],
      stores: [{ id: 'near', url: byName(store.origin), at: 'near/by' }],
      clouds: { places: [{ prefix: '127.0.0.0/8', at: 'near/by' }] },
    })
    await admit(door, image)
    // Containerd's socket must have a short path.
    const home = join(folder.path, `${CELLS.findIndex((cell) => cell.label === label)}`)
    await mkdir(home)
    await using started = await client.start(home)
    await store.misbehave(row.fault, row.only(image))

    worked.set(label, Number.POSITIVE_INFINITY)
    const said: string[] = []
    for (let attempt = 1; attempt <= MOST; attempt++) {
      if (attempt > 1)
        await sleep(row.pause ?? client.pauses[Math.min(attempt, client.pauses.length + 1) - 2])
      const { code, stderr } = await started.pull(`127.0.0.1:${door.port}`, 'team/app:v1')
      said.push(`try ${attempt} ended with ${code}: ${stderr.trim()}`)
      if (code !== 0) continue
      worked.set(label, attempt)
      break
    }
    expect(worked.get(label), said.join('\n')).toBeLessThanOrEqual(PROMISED)
  }
})

/** `localhost` instead of the address: crane follows no redirect to an address of loopback. */
function byName(origin: string): string {
  return origin.replace('127.0.0.1', 'localhost')
}

/** Asks about each blob, which no client has done yet: from now on the door knows that the store has it. */
async function admit(door: Portolan, { name, blobs }: BigImage): Promise<void> {
  for (const { digest } of blobs) {
    const url = `http://127.0.0.1:${door.port}/v2/${name}/blobs/${digest}`
    await until(`the door to know ${digest} in the store`, async () => {
      const reply = await fetch(url, { method: 'HEAD', redirect: 'manual' })
      return reply.headers.get('location')?.includes(`/containers/images/${digest}`) === true
    })
  }
}

function printTable(): void {
  const names = able.map(({ name }) => name)
  const lines = ROWS.map((row) => {
    const tries = able.map(({ name }) => {
      const label = `${name}: ${row.name}`
      const attempt = worked.get(label)
      return attempt === Number.POSITIVE_INFINITY ? '✗' : `${attempt ?? ''}`
    })
    return `| ${[row.name, ...tries].join(' | ')} |`
  })
  console.info(
    [`| the try that worked | ${names.join(' | ')} |`, `|${'---|'.repeat(names.length + 1)}`, ...lines].join(
      '\n',
    ),
  )
}
