import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RUNTIMES } from '../test/support/portolan.ts'
import { makeTempFolder } from '../test/support/temp.ts'

// `portolan simulate` of a synthetic log of a million lines against the policy of registry.k8s.io, by two threads, from
// the sources: wall time, processor time, and the most memory that was resident, which must not grow with the log. Then
// the same against two policies, and packed. What else the machine does only ever adds to it, so the best of three counts.

const LINES = [250_000, 1_000_000] as const
const ROUNDS = 3
const ROOT = join(import.meta.dirname, '..')
const EXAMPLE = join(ROOT, 'examples/registry.k8s.io.yaml')
const PROGRAM = join(ROOT, 'src/cli/main.ts')
const MEASURED = `data:text/javascript,${encodeURIComponent(
  "process.on('exit', () => console.error('USED ' + JSON.stringify(process.resourceUsage())))",
)}`

export async function run(): Promise<void> {
  await using folder = await makeTempFolder()
  console.log('| | wall, best of three | processor time | resident at most |\n|---|---|---|---|')
  const file = join(folder.path, 'policy.yaml')
  // The log has the places of its clients: ranges would take memory, and find nothing more.
  writeFileSync(file, readFileSync(EXAMPLE, 'utf8').replace(/^clouds:\n(?: .*\n)+/m, ''))
  const config = ['--config', file]
  for (const lines of LINES) {
    const log = join(folder.path, `${lines}.log`)
    simulate(['--synthetic', '--requests', String(lines), '--write', log])
    console.log(rowOf(`${lines.toLocaleString('en')} lines, one policy`, [log, ...config]))
    if (lines !== LINES.at(-1)) continue
    console.log(rowOf('the same, two policies', [log, ...config, '--down', 'cdn']))
    spawnSync('gzip', ['-1', log])
    console.log(rowOf('the same in gzip, one policy', [`${log}.gz`, ...config]))
  }
}

function rowOf(name: string, words: readonly string[]): string {
  const rounds = Array.from({ length: ROUNDS }, () => simulate([...words, '--json', '--threads', '2']))
  const best = rounds.reduce((one, other) => (other.wall < one.wall ? other : one))
  const memory = Math.max(...rounds.map(({ memory: each }) => each))
  return `| ${name} | ${best.wall.toFixed(1)} s | ${best.cpu.toFixed(1)} s | ${memory.toFixed(0)} MB |`
}

interface Measured {
  readonly wall: number
  readonly cpu: number
  readonly memory: number
}

/** In seconds and megabytes. */
function simulate(words: readonly string[]): Measured {
  const begin = performance.now()
  const { status, stderr } = spawnSync(RUNTIMES.node, ['--import', MEASURED, PROGRAM, 'simulate', ...words], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
  })
  const wall = (performance.now() - begin) / 1000
  if (status !== 0) throw new Error(stderr)
  const used = JSON.parse(/USED (.*)/.exec(stderr)![1]!)
  return { wall, cpu: (used.userCPUTime + used.systemCPUTime) / 1e6, memory: used.maxRSS / 1024 }
}
