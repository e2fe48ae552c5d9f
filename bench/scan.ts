import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// `portolan scan` of 50,000 files, 1 GB together, beside `grep -r` for the same names in the same folder. One file in a
// hundred is a manifest that holds a reference; the others name other hosts. Both are processes of their own, started anew for each round; the quickest round counts,
// since what else the machine does only ever adds to one. Files come from the page cache in both.

const FILES = 50_000
const FILE_BYTES = 20_200
const MANIFEST_BYTES = 2000
const LONG_BYTES = 8_300_000
const FOLDERS = 500
const ROUNDS = 3
const NAMES = [
  'k8s.gcr.io',
  'gcr.io/google-containers',
  'gcr.io/google_containers',
  'gcr.io/k8s-artifacts-prod',
]

const MAIN = join(import.meta.dirname, '../src/cli/main.ts')
/** Prints how much memory the process had at most, in kilobytes, after the command it runs has ended. */
const MEASURED = `data:text/javascript,${encodeURIComponent(
  "process.on('exit', () => console.error('RSS ' + process.resourceUsage().maxRSS))",
)}`

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-bench-scan-'))
  try {
    makeTree(folder)
    const grepArgs = ['grep', '-rlF', ...NAMES.flatMap((name) => ['-e', name]), folder]
    const scanArgs = [process.execPath, '--import', MEASURED, MAIN, 'scan', '--json', folder]
    const rounds = Array.from({ length: ROUNDS }, () => ({ grep: timed(grepArgs), scan: timed(scanArgs) }))
    const [grep, scan] = [best(rounds.map((round) => round.grep)), best(rounds.map((round) => round.scan))]
    const files = grep.stdout.split('\n').length - 1
    const { findings } = JSON.parse(scan.stdout)
    const memory = Math.max(...rounds.map((round) => Number(/RSS (\d+)/.exec(round.scan.stderr)?.[1]))) / 1024
    const line = ({ time, cpu }: Timed) => `${time.toFixed(2)} s (${cpu.toFixed(2)} s of CPU)`
    console.log(
      `${FILES} files, ${((FILES * FILE_BYTES) / 1e9).toFixed(2)} GB; the quickest of ${ROUNDS} rounds`,
    )
    console.log(`grep -r        ${line(grep)}, ${files} files`)
    console.log(`portolan scan  ${line(scan)}, ${findings.length} findings, ${memory.toFixed(0)} MB at most`)
    console.log(`ratio of CPU   ${(scan.cpu / grep.cpu).toFixed(2)} (goal: at most 3)`)
    for (const [name, text] of Object.entries(longFiles())) {
      const file = join(folder, name)
      writeFileSync(file, text)
      const { stdout, stderr, ...one } = timed([
        process.execPath,
        '--import',
        MEASURED,
        MAIN,
        'scan',
        '--json',
        file,
      ])
      const most = Number(/RSS (\d+)/.exec(stderr)?.[1]) / 1024
      const count = JSON.parse(stdout).findings.length
      console.log(
        `${name.padEnd(14)} ${line({ ...one, stdout, stderr })}, ${count} findings, ${most.toFixed(0)} MB at most (goal: 130)`,
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Timed {
  /** In seconds. */
  readonly time: number
  /** User and system time, in seconds: what the machine does besides hardly counts in it. */
  readonly cpu: number
  readonly stdout: string
  readonly stderr: string
}

function timed(command: readonly string[]): Timed {
  const began = performance.now()
  const script = 'TIMEFORMAT="CPU %U %S"; time "$@"'
  const { stdout, stderr, error } = spawnSync('bash', ['-c', script, 'bash', ...command], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (error !== undefined) throw error
  const [, user, system] = /^CPU ([0-9.]+) ([0-9.]+)$/m.exec(stderr) ?? []
  return { time: (performance.now() - began) / 1000, cpu: Number(user) + Number(system), stdout, stderr }
}

/** One YAML document of 8 MB with few old names, and one JSON document of 20,000 images. */
function longFiles(): Record<string, string> {
  const pod = (at: number) => ({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: `p${at}` } },
    spec: { containers: [{ name: 'a', image: `k8s.gcr.io/acme/a:v${at}` }] },
  })
  const items = Array.from({ length: 20_000 }, (_, at) => pod(at))
  const lines: string[] = ['apiVersion: v1\nkind: List\nitems:\n']
  for (let length = 0, at = 0; length < LONG_BYTES; at++) {
    const host = at % 100 === 0 ? 'k8s.gcr.io' : 'registry.example.com'
    const text = `- apiVersion: v1\n  kind: Pod\n  metadata: {name: p${at}}\n  spec:\n    containers:\n    - {name: a, image: '${host}/a:${at}'}\n`
    lines.push(text)
    length += text.length
  }
  return {
    'long.yaml': lines.join(''),
    'list.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  }
}

function best(all: readonly Timed[]): Timed {
  return all.reduce((one, other) => (other.time < one.time ? other : one))
}

function makeTree(folder: string): void {
  for (let at = 0; at < FILES; at++) {
    const parent = join(folder, `app-${at % FOLDERS}`)
    if (at < FOLDERS) mkdirSync(parent)
    const isOld = at % 100 === 0
    const host = isOld ? 'k8s.gcr.io' : 'registry.example.com'
    const head = `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: app\n      image: ${host}/app-${at}:1.${at}\n      env:\n`
    const lines: string[] = [head]
    for (let length = head.length, line = 0; length < (isOld ? MANIFEST_BYTES : FILE_BYTES); line++) {
      const text = `        - { name: SETTING_${line}, value: "https://service-${(at * 31 + line) % 997}.example.io/path/${line}" }\n`
      lines.push(text)
      length += text.length
    }
    writeFileSync(join(parent, `pod-${at}.yaml`), lines.join(''))
  }
}
