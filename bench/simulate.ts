import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { RUNTIMES } from '../test/support/portolan.ts'
import { makeTempFolder } from '../test/support/temp.ts'

// `portolan simulate` of a synthetic log of a million lines against the policy of registry.k8s.io, by two threads, from
// the sources: wall time, processor time, and the most memory that was resident, which must not grow with the log. Then
// the same against two policies, and packed. What else the machine does only ever adds to it, so the best of three counts.

const LINES = [250_000, 1_000_000] as const
const ROUNDS = 3
const ROOT = join(import.meta.dirname, '..')
const CONFIG = join(ROOT, 'examples/registry.k8s.io.yaml')
const PROGRAM = join(ROOT, 'src/cli/main.ts')
const MEASURED = `data:text/javascript,${encodeURIComponent(
  "process.on('exit', () => console.error('USED ' + JSON.stringify(process.resourceUsage())))",
)}`

export async function run(): Promise<void> {
  await using folder = await makeTempFolder()
  console.log('| | wall, best of three | processor time | resident at most |\n|---|---|---|---|')
  const config = ['--config', CONFIG]
  for (const lines of LINES) {
    const log = join(folder.path, `${lines}.log`)
    simulate(['--synthetic', '--requests', String(lines), '--write', log], folder.path)
    console.log(rowOf(`${lines / 1000},000 lines, one policy`, [log, ...config], folder.path))
    if (lines !== LINES.at(-1)) continue
    console.log(rowOf('the same, two policies', [log, ...config, '--down', 'cdn'], folder.path))
    spawnSync('gzip', ['-1', log])
    console.log(rowOf('the same in gzip, one policy', [`${log}.gz`, ...config], folder.path))
  }
}

function rowOf(name: string, words: readonly string[], folder: string): string {
  const rounds = Array.from({ length: ROUNDS }, () =>
    simulate([...words, '--json', '--threads', '2'], folder),
  )
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
function simulate(words: readonly string[], folder: string): Measured {
  const begin = performance.now()
  const { status, stderr } = spawnSync(RUNTIMES.node, ['--import', MEASURED, PROGRAM, 'simulate', ...words], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
    env: { ...process.env, RANGES: join(folder, 'none.bin') },
  })
  const wall = (performance.now() - begin) / 1000
  if (status !== 0) throw new Error(stderr)
  const used = JSON.parse(/USED (.*)/.exec(stderr)![1]!)
  return { wall, cpu: (used.userCPUTime + used.systemCPUTime) / 1e6, memory: used.maxRSS / 1024 }
}
