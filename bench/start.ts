import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readGeo } from '../src/adapters/ranges/geo-file.ts'
import { providers } from '../src/clouds/providers.ts'
import { encodeRanges } from '../src/clouds/snapshot.ts'
import { updateRanges } from '../src/clouds/update.ts'
import { installPackage } from '../test/support/package.ts'
import { PROGRAM, RUNTIMES } from '../test/support/portolan.ts'
import { findFreePort } from '../test/support/ports.ts'
import { makeTempFolder } from '../test/support/temp.ts'
import { bytesOf, otherPrefixes } from '../test/support/test-ranges.ts'

// How long a door takes from the start of its process to its first answer, and how much memory it holds when it has been
// idle for a while: from the package as it is installed, and from the sources. Its ranges are the networks and countries
// that come with Portolan and one provider's list, made up. In turn, several rounds; the median counts.

const ROUNDS = 9
const IDLE = 5_000

interface Contender {
  readonly name: string
  readonly program: readonly string[]
  /** Whether what V8 compiled in earlier rounds is kept from it. */
  readonly cold?: boolean
}

interface Measured {
  /** Milliseconds to the first answer, and of processor time until then, which other work beside it does not add to. */
  readonly first: number
  readonly processor: number
  /** KB. */
  readonly resident: number
}

export async function run(): Promise<void> {
  await using folder = await makeTempFolder()
  await using installed = await installPackage()
  const config = await writeConfig(folder.path)
  const contenders: Contender[] = [
    { name: 'Node, from the sources', program: [RUNTIMES.node, PROGRAM] },
    {
      name: 'Node, from the package, the very first time',
      program: [RUNTIMES.node, installed.program],
      cold: true,
    },
    { name: 'Node, from the package', program: [RUNTIMES.node, installed.program] },
    { name: 'Bun, from the sources', program: [RUNTIMES.bun, PROGRAM] },
    { name: 'Bun, from the package', program: [RUNTIMES.bun, installed.program] },
  ]
  const rounds = contenders.map((): Measured[] => [])
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [at, contender] of contenders.entries()) {
      const cache = join(folder.path, contender.cold ? `cache-${round}` : `cache-of-${at}`)
      // Memory takes its time to settle, so it is looked at once.
      const measured = await startOnce(contender.program, config, cache, round === 0 ? IDLE : 0)
      rounds[at]!.push(measured)
    }
  }
  console.log(
    '| door | start to first answer | processor time until then | idle, resident |\n|---|---|---|---|',
  )
  for (const [at, { name }] of contenders.entries()) {
    const [settled, ...rest] = rounds[at]!
    const sorted = rest.map(({ first }) => first).sort((a, b) => a - b)
    const processor = rest.map((round) => round.processor).sort((a, b) => a - b)[rest.length >> 1]!
    console.log(
      `| ${name} | ${sorted[sorted.length >> 1]!.toFixed(0)} ms (${sorted[0]!.toFixed(0)}–${sorted.at(-1)!.toFixed(0)}) ` +
        `| ${processor} ms | ${(settled!.resident / 1024).toFixed(0)} MB |`,
    )
  }
}

async function writeConfig(folder: string): Promise<(port: number) => Promise<string>> {
  const ranges = updateRanges({
    providers,
    lists: [
      {
        provider: 'gcp',
        bytes: bytesOf('gcp', ...otherPrefixes(5000)),
        from: 'a bench',
        fetched: '2026-01-01T00:00:00.000Z',
      },
    ],
    geo: await readGeo(),
    created: '2026-01-01T00:00:00.000Z',
  }).ranges!
  const snapshot = join(folder, 'ranges.bin')
  await writeFile(snapshot, encodeRanges(ranges))
  return async (port) => {
    const file = join(folder, 'config.yaml')
    const config = {
      version: 1,
      listen: `127.0.0.1:${port}`,
      admin: '127.0.0.1:0',
      upstreams: [{ id: 'main', url: 'http://127.0.0.1:9', at: 'gcp/us-central1' }],
      clouds: { snapshot },
    }
    await writeFile(file, JSON.stringify(config))
    return file
  }
}

/** Starts a door, waits for its first answer, and looks at its memory after `idle` more milliseconds. */
async function startOnce(
  [runtime, program]: readonly string[],
  configFor: (port: number) => Promise<string>,
  cache: string,
  idle: number,
): Promise<Measured> {
  const port = await findFreePort()
  const file = await configFor(port)
  const began = performance.now()
  const child = spawn(runtime!, [program!, 'serve', '--config', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  })
  const exited = once(child, 'exit')
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`)
    await sleep(2)
  }
  const first = performance.now() - began
  const times = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  // Counted in ticks, of which Linux shows a hundred a second.
  const processor = (Number(times[11]) + Number(times[12])) * 10
  await sleep(idle)
  const [, resident] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))!
  child.kill()
  await exited
  return { first, processor, resident: Number(resident) }
}

/** Asks in the plainest way, so that asking costs the machine little of what the door needs. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n'))
    socket.once('data', () => {
      resolve(true)
      socket.destroy()
    })
    socket.once('error', () => resolve(false))
  })
}
