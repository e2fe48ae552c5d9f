import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { installPackage } from '../test/support/package.ts'
import { PROGRAM, RUNTIMES } from '../test/support/portolan.ts'
import { makeTempFolder } from '../test/support/temp.ts'
import { allRanges } from './start/ranges.ts'
import { askVersion, type Contender, type Measured, startOnce } from './start/start-door.ts'

// How long a command takes from the start of its process, `--version` and a door's first answer, how much memory a door
// with all ranges holds that is idle, and how much more with every store: from the package as it is installed, from the
// sources, and the executable where `npm run build -- --executables` has made one. In turn, several rounds; the median
// counts. Each store is a host of its own that has nothing, so each is checked again and again.

const ROUNDS = 7
/** In milliseconds: after V8 has given back what starting needed, and after several checks of every store. */
const IDLE = 12_000
const IDLE_WITH_STORES = 45_000
const STORES = [0, 100, 300] as const
const PLACES = ['us-east-1', 'us-west-2', 'eu-west-3', 'ap-south-1']
const GOALS = [
  'Goals: first answer from the package on Node ≤ 150 ms; --version of the executable ≤ 40 ms;',
  'idle ≤ 80 MB; each further store ≤ 60 KB.',
]

export async function run(): Promise<void> {
  await using folder = await makeTempFolder()
  // Before the package is built, which begins with an empty dist/.
  const executable = await takeExecutable(folder.path)
  await using installed = await installPackage()
  const { bytes, from } = await allRanges()
  const snapshot = join(folder.path, 'ranges.bin')
  await writeFile(snapshot, bytes)
  console.log(`ranges of ${(bytes.length / 1e6).toFixed(1)} MB, ${from}`)
  await using empty = await startEmptyStores()
  const configWith = (stores: number) => ({
    upstreams: [{ id: 'main', url: empty.urlOf(0), at: 'gcp/us-central1' }],
    stores: Array.from({ length: stores }, (_, at) => ({
      id: `store-${at}`,
      url: empty.urlOf(at + 1),
      at: `aws/${PLACES[at % PLACES.length]}`,
    })),
    clouds: { snapshot },
  })
  const packages: readonly Contender[] = [
    { name: 'Node, from the package', program: [RUNTIMES.node, installed.program] },
    { name: 'Bun, from the package', program: [RUNTIMES.bun, installed.program] },
    ...(executable === undefined ? [] : [{ name: 'the executable', program: [executable] }]),
  ]
  await compareStarts(
    [
      { name: 'Node, from the sources', program: [RUNTIMES.node, PROGRAM] },
      {
        name: 'Node, from the package, the first time',
        program: [RUNTIMES.node, installed.program],
        cold: true,
      },
      ...packages,
    ],
    folder.path,
    configWith(0),
  )
  await compareMemory(packages, folder.path, configWith)
  console.log(`\n${GOALS.join(' ')}`)
}

async function compareStarts(
  contenders: readonly Contender[],
  folder: string,
  config: object,
): Promise<void> {
  const rounds = contenders.map((): (Measured & { version: number })[] => [])
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [at, contender] of contenders.entries()) {
      const version = await askVersion(contender, folder)
      rounds[at]!.push({ version, ...(await startOnce(contender, { folder, config, idle: 0 })) })
    }
  }
  console.log(
    '\n| door | `--version` | start to first answer | processor time until then |\n|---|---|---|---|',
  )
  for (const [at, { name }] of contenders.entries()) {
    // The first one has nothing compiled yet.
    const [, ...rest] = rounds[at]!
    const cells = (['version', 'first', 'processor'] as const).map((key) =>
      spread(rest.map((one) => one[key])),
    )
    console.log(`| ${name} | ${cells.join(' | ')} |`)
  }
}

async function compareMemory(
  contenders: readonly Contender[],
  folder: string,
  configWith: (stores: number) => object,
): Promise<void> {
  console.log(`\n| idle door | ${STORES.map((count) => `${count} stores`).join(' | ')} | each further |`)
  console.log(`|---|${STORES.map(() => '---|').join('')}---|`)
  for (const contender of contenders) {
    const resident: number[] = []
    for (const count of STORES) {
      const idle = count === 0 ? IDLE : IDLE_WITH_STORES
      resident.push((await startOnce(contender, { folder, config: configWith(count), idle })).resident)
    }
    const each = ((resident.at(-1)! - resident[0]!) * 1024) / STORES.at(-1)!
    console.log(
      `| ${contender.name} | ${resident.map((one) => `${one.toFixed(0)} MB`).join(' | ')} | ${each.toFixed(0)} KB |`,
    )
  }
}

/** Median, least and most. */
function spread(milliseconds: readonly number[]): string {
  const sorted = milliseconds.toSorted((a, b) => a - b)
  const [least, median, most] = [sorted[0]!, sorted[sorted.length >> 1]!, sorted.at(-1)!].map((one) =>
    one.toFixed(0),
  )
  return `${median} ms (${least}–${most})`
}

async function takeExecutable(folder: string): Promise<string | undefined> {
  const made = join(import.meta.dirname, `../dist/executables/portolan-${process.platform}-${process.arch}`)
  if (!existsSync(made)) return undefined
  const copy = join(folder, 'portolan')
  await copyFile(made, copy)
  return copy
}

/** Stores on one port of all of loopback's addresses, each an origin of its own; all say that they have nothing. */
async function startEmptyStores(): Promise<AsyncDisposable & { urlOf(at: number): string }> {
  const server = createServer((_, reply) => reply.writeHead(404).end()).listen(0, '0.0.0.0')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    urlOf: (at) => `http://127.0.${1 + (at >> 7)}.${1 + (at & 127)}:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
