import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installPackage } from '../test/support/package.ts'
import { RUNTIMES } from '../test/support/portolan.ts'
import { makeTempFolder } from '../test/support/temp.ts'

// `portolan scan` of 50,000 files, 1 GB together, beside `grep -r` for the same names in the same folder. One file in a
// hundred is a manifest that holds a reference; the others name other hosts. What is measured is the package as it is
// installed, since that is what people run. Both are processes of their own, in turn, started anew for each round; the
// first round, which fills the page cache and the one of V8, does not count. Of processor time the least and the median
// are given, since what else the machine does only ever adds to it.

const FILES = 50_000
const FILE_BYTES = 20_200
const MANIFEST_BYTES = 2000
const LONG_BYTES = 8_300_000
const FOLDERS = 500
const ROUNDS = 7
const NAMES = [
  'k8s.gcr.io',
  'gcr.io/google-containers',
  'gcr.io/google_containers',
  'gcr.io/k8s-artifacts-prod',
]

/** What is loaded first, and prints how much memory the process had at most, in kilobytes, after the command it runs has ended. */
const MEASURED = `data:text/javascript,${encodeURIComponent(
  "process.on('exit', () => console.error('RSS ' + process.resourceUsage().maxRSS))",
)}`

export async function run(): Promise<void> {
  await using installed = await installPackage()
  await using folder = await makeTempFolder()
  const command = [installed.program, 'scan', '--json']
  const scanOf = (path: string) => [RUNTIMES.node, ...command, path]
  // In rounds of their own, since what measures takes some time itself.
  const memoryOf = (path: string) => {
    const [rounds] = inTurn([[RUNTIMES.node, '--import', MEASURED, ...command, path]])
    return `${(Math.max(...rounds!.map(({ stderr }) => Number(/RSS (\d+)/.exec(stderr)![1]))) / 1024).toFixed(0)} MB`
  }
  makeTree(folder.path)
  console.log(
    `${FILES} files, ${((FILES * FILE_BYTES) / 1e9).toFixed(2)} GB; ${ROUNDS} rounds\n\n` +
      '| | processor time, least | median | resident at most | result |\n|---|---|---|---|---|',
  )
  const grepArgs = ['grep', '-rlF', ...NAMES.flatMap((name) => ['-e', name]), folder.path]
  const [grep, scan] = inTurn([grepArgs, scanOf(folder.path)])
  console.log(rowOf('`grep -r`', grep!, '', `${grep![0]!.stdout.split('\n').length - 1} files`))
  console.log(rowOf('`portolan scan`', scan!, memoryOf(folder.path), findingsOf(scan!)))
  const ratio = (of: typeof least) => (of(scan!) / of(grep!)).toFixed(2)
  console.log(`| ratio (goal: at most 3) | ${ratio(least)} | ${ratio(median)} | | |`)
  for (const [name, text] of Object.entries(longFiles())) {
    const file = join(folder.path, name)
    writeFileSync(file, text)
    const [rounds] = inTurn([scanOf(file)])
    const size = (text.length / 1e6).toFixed(1)
    console.log(
      rowOf(`${name}, ${size} MB (goal: at most 130 MB)`, rounds!, memoryOf(file), findingsOf(rounds!)),
    )
  }
}

/** Runs commands in turn, round by round; gives the rounds of each. */
function inTurn(commands: readonly (readonly string[])[]): Timed[][] {
  const rounds = Array.from({ length: ROUNDS + 1 }, () => commands.map(timed))
  return commands.map((_, at) => rounds.slice(1).map((round) => round[at]!))
}

function rowOf(name: string, rounds: readonly Timed[], memory: string, result: string): string {
  return `| ${name} | ${least(rounds).toFixed(2)} s | ${median(rounds).toFixed(2)} s | ${memory} | ${result} |`
}

function findingsOf([first]: readonly Timed[]): string {
  return `${JSON.parse(first!.stdout).findings.length} findings`
}

function least(rounds: readonly Timed[]): number {
  return Math.min(...rounds.map(({ cpu }) => cpu))
}

function median(rounds: readonly Timed[]): number {
  return rounds.map(({ cpu }) => cpu).sort((one, other) => one - other)[rounds.length >> 1]!
}

interface Timed {
  /** User and system time, in seconds: what the machine does besides hardly counts in it. */
  readonly cpu: number
  readonly stdout: string
  readonly stderr: string
}

function timed(command: readonly string[]): Timed {
  const script = 'TIMEFORMAT="CPU %U %S"; time "$@"'
  const { stdout, stderr, error } = spawnSync('bash', ['-c', script, 'bash', ...command], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (error !== undefined) throw error
  const [, user, system] = /^CPU ([0-9.]+) ([0-9.]+)$/m.exec(stderr) ?? []
  return { cpu: Number(user) + Number(system), stdout, stderr }
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
