import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createDoorRuntime } from '../src/adapters/node/door-runtime.ts'
import { parseConfigAgain, parseConfigFile } from '../src/cli/read-config.ts'
import { formatFault } from '../src/config/fault.ts'
import { createPortolan } from '../src/server/compose.ts'
import { makeTempFolder } from '../test/support/temp.ts'

// How long a reload keeps a door from answering: the longest turn of the event loop while it reads a config again and
// puts it in force. The goal is 50 ms; what the parser takes is in another thread. On a machine that others load, a turn
// takes longer than it computes: what this thread computed in the longest turn, and in all of them, is beside it.

const HEAD = 'version: 1\nupstreams: [{ id: a, layout: images, at: my/berlin }]\n'

const places = (at: (index: number) => string, host: number) =>
  Array.from(
    { length: 50_000 },
    (_, index) => `    - { prefix: 10.${index >> 8}.${index & 255}.${host}/24, at: ${at(index)} }\n`,
  ).join('')

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join('')
const stores = (count: number) =>
  lines(count, (index) => `  - { id: s${index}, url: "http://127.0.0.1:1/${index}", at: my/r${index} }\n`)
const rules = (count: number) =>
  lines(count, (index) => `  - { when: { cloud: my, region: r${index} }, prefer: [upstreams] }\n`)

const CONFIGS: Readonly<Record<string, string>> = {
  'one upstream': HEAD,
  '50,000 places': `${HEAD}clouds:\n  places:\n${places((index) => `my/r${index}`, 0)}`,
  '50,000 places, all wrong': `${HEAD}clouds:\n  places:\n${places(() => 'awz', 1)}`,
  '5,000 rules, 1,000 stores': `${HEAD}stores:\n${stores(1000)}routing:\n${rules(5000)}`,
  '50,000 places, 2,000 rules': `${HEAD}clouds:\n  places:\n${places((index) => `my/r${index}`, 0)}routing:\n${rules(2000)}`,
  '20,000 unknown keys': `${HEAD}${Array.from({ length: 20_000 }, (_, index) => `key${index}: 1\n`).join('')}`,
  '4 MiB of brackets': '['.repeat(4 * 1024 * 1024),
  '400 KB of nested lists': '- '.repeat(200_000),
}

export async function run(): Promise<void> {
  await using temp = await makeTempFolder()
  const file = join(temp.path, 'portolan.yaml')
  console.log(
    '| config | reload, ms | longest turn, ms | computed in one, ms | computed in all, ms | outcome |\n|---|---|---|---|---|---|',
  )
  for (const [name, text] of Object.entries(CONFIGS)) {
    await writeFile(file, HEAD.replace('layout: images', 'url: "http://127.0.0.1:1"'))
    const first = await parseConfigFile(file)
    if (!('config' in first)) throw new Error(first.faults.map(formatFault).join('\n'))
    await using service = await createPortolan(first.config, createDoorRuntime())
    await writeFile(file, text.replace('layout: images', 'url: "http://127.0.0.1:1"'))
    await new Promise((resolve) => setTimeout(resolve, 100))
    const turns = watchTurns()
    const start = performance.now()
    const outcome = await reload()
    const took = performance.now() - start
    const { longest, mostComputed, computed } = turns.stop()
    console.log(
      `| ${name} | ${[took, longest, mostComputed, computed].map((milliseconds) => milliseconds.toFixed(0)).join(' | ')} | ${outcome} |`,
    )

    async function reload(): Promise<string> {
      const parsed = await parseConfigAgain(file)
      if ('faults' in parsed) return `${parsed.faults.length} faults`
      await service.reload(parsed.config)
      return 'in force'
    }
  }
}

interface Turns {
  /** In milliseconds, all of them: what the longest turn took, what was computed in one and in all. */
  readonly longest: number
  readonly mostComputed: number
  readonly computed: number
}

/** Looks at the clocks about once in a millisecond, whenever the event loop comes round. */
function watchTurns(): { stop(): Turns } {
  const computing = () => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1000
  }
  const first = computing()
  let [at, before, longest, mostComputed] = [performance.now(), first, 0, 0]
  const look = () => {
    const [now, computed] = [performance.now(), computing()]
    longest = Math.max(longest, now - at)
    mostComputed = Math.max(mostComputed, computed - before)
    at = now
    before = computed
  }
  const timer = setInterval(look, 1)
  return {
    stop() {
      clearInterval(timer)
      look()
      return { longest, mostComputed, computed: before - first }
    },
  }
}
