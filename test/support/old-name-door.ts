import { createHash } from 'node:crypto'
import { loadConfig } from '../../src/config/load.ts'
import type { Runtime } from '../../src/runtime.ts'
import { createPortolan, type Portolan } from '../../src/server/compose.ts'
import type { DoorReply } from '../../src/server/reply.ts'
import type { Log } from '../../src/telemetry/log.ts'
import { legacyFiles } from './legacy-files.ts'
import { createTestClock, withTurns } from './test-clock.ts'
import { createTestRuntime, type TestRuntime } from './test-runtime.ts'

/** The test clock begins here. */
export const DAY = 86_400_000
export const at = (day: number, time = '00:00:00') => `2026-01-${String(1 + day).padStart(2, '0')}T${time}Z`

export const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf('{}'), size: 2 },
  layers: [],
})
export const DIGEST = digestOf(MANIFEST)
export const SIGNATURE = `${DIGEST.replace(':', '-')}.sig`
export const OCI = 'application/vnd.oci.image.manifest.v1+json'

export function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

export const LIST = {
  ...{ version: 1, host: 'old.example', listedFrom: 'x', listed: at(0), successor: 'new.example' },
  checked: '2025-12-31T00:00:00Z',
  counts: {
    ...{ repositories: 2, tags: 2, manifests: 2, blobs: 2, referrers: 0 },
    ...{ missing: 0, different: 0, unknown: 0, excepted: 0 },
  },
  findings: [],
  repositories: {
    app: { tags: { latest: DIGEST, 2: DIGEST, '1.0': DIGEST, [SIGNATURE]: DIGEST } },
    constructor: { tags: {} },
  },
}

const LEGACY = {
  ...{ host: 'old.example', names: ['eu.old.example'], successor: 'new.example', frozen: '2025-06-01' },
  ...{ list: '/list.json', off: '/off', record: '/record.json', info: 'https://new.example/move' },
}

export const ALL = [
  { phase: 'announce', from: at(1) },
  { phase: 'warn', from: at(2) },
  { phase: 'brownout', from: at(3), until: at(3, '06:00:00') },
  { phase: 'redirect', from: at(4) },
  { phase: 'refuse', from: at(5) },
]

export const configOf = (phases: readonly object[], legacy: object = {}) =>
  loadConfig({
    ...{ version: 1, admin: '127.0.0.1:0', log: { access: true } },
    upstreams: [{ id: 'main', url: 'https://main.example', at: 'test/main' }],
    clients: { trustedProxies: ['192.0.2.1'] },
    legacy: { ...LEGACY, ...legacy, phases },
  })

/** A door in memory: its clock, its files and its upstream are the test's. */
export class OldNameDoor {
  /** One that is a promise takes long to read. */
  readonly files = new Map<string, string | Promise<string>>([['/list.json', JSON.stringify(LIST)]])
  readonly lines: { fields: Record<string, unknown>; msg: string }[] = []
  readonly #background: Promise<unknown>[] = []
  upstream: (url: string) => Response | Promise<Response> = () => answerOf(MANIFEST)
  readonly asked: string[] = []
  readonly runtime: TestRuntime
  service!: Portolan

  constructor() {
    const line = (fields: object, msg: string) => {
      this.lines.push({ fields: fields as Record<string, unknown>, msg })
    }
    const log: Log = { debug: () => {}, info: line, warn: line, error: line }
    this.runtime = createTestRuntime({
      ...withTurns(createTestClock()),
      log,
      fetch: async (url: string) => {
        this.asked.push(String(url))
        return this.upstream(String(url))
      },
      background: (work: Promise<unknown>) => {
        this.#background.push(work)
      },
      legacy: legacyFiles(this.files),
    } as Partial<Runtime>)
  }

  async open(phases: readonly object[], legacy: object = {}): Promise<void> {
    this.service = await createPortolan(configOf(phases, legacy), this.runtime, { offline: true })
  }

  /** Lets so many milliseconds pass, and what falls due in them happen. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.runtime.now() + milliseconds
    // A look begins another one when it ends, which takes a turn.
    while (this.runtime.now() < end) {
      this.runtime.advance(Math.min(1000, end - this.runtime.now()))
      await this.settled()
      if (end - this.runtime.now() > 10_000) this.runtime.advance(end - this.runtime.now() - 5000)
    }
  }

  async settled(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      this.runtime.advance(0)
      await Promise.all(this.#background.splice(0).map((work) => Promise.race([work, tick()])))
    }
  }

  async ask(
    target: string,
    { host = 'old.example', method = 'GET', from = '198.51.100.7', ...headers }: Record<string, string> = {},
  ): Promise<DoorReply & { json?: { code: string; message: string } }> {
    const all: Record<string, string> = { host, 'x-forwarded-for': from, ...headers }
    const reply = await this.service.door({
      ...{ method, target, peer: '192.0.2.1' },
      header: (name: string) => all[name],
    })
    const { body } = reply
    if (reply.headers['Content-Type'] !== 'application/json' || typeof body !== 'string') return reply
    return { ...reply, json: JSON.parse(body).errors?.[0] }
  }

  told(msg: RegExp): Record<string, unknown>[] {
    return this.lines.filter((line) => msg.test(line.msg)).map(({ fields }) => fields)
  }
}

const tick = () => new Promise((resolve) => setTimeout(resolve, 5))

export function answerOf(text: string, status = 200): Response {
  return new Response(text, {
    status,
    headers: { 'Content-Type': OCI, 'Docker-Content-Digest': digestOf(text) },
  })
}

export const TAG = '/v2/app/manifests/1.0'
export const BLOB = `/v2/app/blobs/${digestOf('{}')}`
