import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { rolldown } from 'rolldown'
import type { KeyValueStore } from '../../src/workers.ts'

const CONFIG = 'portolan.yaml'
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * The worker of deploy/workers as one module of the sources, as a user's own build would make it of the package. Its
 * config is a module beside it.
 */
export async function bundleWorker(): Promise<string> {
  await using build = await rolldown({
    cwd: ROOT,
    input: join(ROOT, 'deploy/workers/src/worker.ts'),
    platform: 'browser',
    external: [/^cloudflare:/],
    plugins: [
      {
        name: 'config beside the worker',
        resolveId: (id) => (id.endsWith('.yaml') ? { id: `./${CONFIG}`, external: true } : null),
      },
    ],
    resolve: {
      alias: {
        'portolan/workers': join(ROOT, 'src/workers.ts'),
        yaml: join(ROOT, 'node_modules/yaml/browser/index.js'),
      },
    },
    onLog(level, { message }) {
      if (level === 'warn') throw new Error(message)
    },
  })
  const { output } = await build.generate({ format: 'esm', codeSplitting: false })
  return output[0].code
}

/** What Cloudflare would know of every client. */
export type Origin = Readonly<Record<string, string | number>>

export interface WorkerdOptions {
  /** The worker's one module. */
  readonly code: string
  /** The config that comes with it; by default it is none. */
  readonly config?: string
  /** The modules of text beside it, by name; by default the config. */
  readonly texts?: Readonly<Record<string, string>>
  /** Of the client; nothing by default. */
  readonly cf?: Origin
  readonly variables?: Readonly<Record<string, string>>
  /** Whether it gets a KV namespace; by default it does. */
  readonly kv?: boolean
}

/** A worker in workerd, which is what Cloudflare runs. */
export interface Workerd extends AsyncDisposable {
  readonly port: number
  /** Ends its isolate; what KV and the cache have stays. */
  beginAnew(): Promise<void>
  /** What was logged: JSON lines as objects, anything else as text. */
  readonly log: (Readonly<Record<string, unknown>> | string)[]
  /** Its KV namespace. */
  kv(): Promise<KeyValueStore>
  /** Does what a cron trigger does; gives how it ended. */
  runSchedule(): Promise<string>
}

/** The compatibility date and flags that deploy/workers asks for. */
export async function compatibilityDate(): Promise<string> {
  const text = await readFile(join(ROOT, 'deploy/workers/wrangler.jsonc'), 'utf8')
  return /"compatibility_date": "([^"]+)"/.exec(text)![1]!
}

export async function startWorkerd({
  code,
  config = '',
  texts = { [CONFIG]: config },
  cf = {},
  variables = {},
  kv = true,
}: WorkerdOptions): Promise<Workerd> {
  const log: (Record<string, unknown> | string)[] = []
  const date = await compatibilityDate()
  const optionsOf = (more: Readonly<Record<string, string>>) =>
    convertV4MiniflareOptions({
      modules: [
        { type: 'ESModule', path: join(ROOT, 'worker.js'), contents: code },
        ...Object.entries(texts).map(([name, contents]) => ({
          type: 'Text' as const,
          path: join(ROOT, name),
          contents,
        })),
      ],
      modulesRoot: ROOT,
      compatibilityDate: date,
      cf,
      bindings: { ...variables, ...more },
      ...(kv && { kvNamespaces: ['PORTOLAN'] }),
      log: new Log(LogLevel.NONE),
      handleStructuredLogs({ message }) {
        try {
          log.push(JSON.parse(message))
        } catch {
          log.push(message)
        }
      },
    })
  const miniflare = new Miniflare(optionsOf({}))
  let isolates = 1
  let { port } = await miniflare.ready
  return {
    get port() {
      return Number(port)
    },
    async beginAnew() {
      await miniflare.setOptions(optionsOf({ ISOLATE: String(++isolates) }))
      ;({ port } = await miniflare.ready)
    },
    log,
    kv: async () => (await miniflare.getBindings<{ PORTOLAN: KeyValueStore }>()).PORTOLAN,
    async runSchedule() {
      const worker = await miniflare.getWorker()
      if (!hasSchedule(worker)) throw new TypeError('miniflare runs no schedules')
      return (await worker.scheduled({ cron: '* * * * *' })).outcome
    },
    [Symbol.asyncDispose]: () => miniflare.dispose(),
  }
}

/** Its types are Cloudflare's, which nobody needs for more than this. */
function hasSchedule(
  worker: object,
): worker is { scheduled(options: { cron: string }): Promise<{ outcome: string }> } {
  return 'scheduled' in worker && typeof worker.scheduled === 'function'
}
