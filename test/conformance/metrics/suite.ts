import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SIZES_KNOWN } from '../../../src/server/sent.ts'
import { parseExposition, type Sample } from '../../support/exposition.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange } from '../../support/raw-http.ts'
import { type ScriptedStore, startScriptedStore } from '../../support/scripted-store.ts'

const HELD = `sha256:${'1'.repeat(64)}`
const LACKED = `sha256:${'2'.repeat(64)}`
const PARIS = '35.180.1.1'
/** Stands in everything that a hostile client writes, and must stand nowhere in the metrics. */
const EVIL = 'evil'

const HEALTH = ['pending', 'healthy', 'degraded', 'ejected']

/** All that a label of ours may say, whatever is asked. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  class: ['base', 'catalog', 'blob', 'manifest', 'tag', 'tags', 'signature', 'other'],
  decision: ['redirect', 'answer', 'refuse'],
  reason: [
    ...['version-check', 'no-catalog', 'nearest-upstream', 'signature-canonical', 'unknown-algorithm'],
    ...['store-present', 'upstream-preferred', 'blob-absent', 'blob-unknown', 'failover', 'spill-exceeded'],
    ...['page', 'not-oci'],
  ],
  backend: ['', 'iowa', 'paris'],
  from: ['iowa', 'paris'],
  known: SIZES_KNOWN,
  verdict: ['present', 'absent', 'unknown'],
  source: ['known', 'asked'],
  kind: ['presence', 'health'],
  to: HEALTH,
  state: ['present', 'negative'],
  result: [...['moved', 'canonical', 'refused', 'delivered', 'failed', 'success', 'failure']],
}

/** What the metrics say, over a real door and its admin service. */
export function describeMetrics(runtime: RuntimeName): void {
  describe(`metrics on ${runtime}`, () => {
    let servers: ScriptedStore[]
    let door: Portolan

    beforeAll(async () => {
      servers = [
        await startScriptedStore(() => 200),
        await startScriptedStore((path) => (path.includes(HELD) ? 200 : 404)),
      ]
      const [iowa, paris] = servers
      door = await startPortolan(
        {
          upstreams: [{ id: 'iowa', url: iowa!.origin, at: 'gcp/us-central1' }],
          stores: [{ id: 'paris', url: paris!.origin, at: 'aws/eu-west-3' }],
          pages: { info: 'https://info.test/' },
          clients: { trustedProxies: ['127.0.0.0/8'] },
          clouds: { places: [{ prefix: '35.180.0.0/16', at: 'aws/eu-west-3' }] },
        },
        runtime,
      )
    })
    afterAll(async () => {
      await door?.[Symbol.asyncDispose]()
      for (const server of servers ?? []) await server[Symbol.asyncDispose]()
    })

    const ask = (target: string, method = 'GET') =>
      exchange(door.port, { target, method, headers: { 'X-Forwarded-For': PARIS } })

    async function scrape(): Promise<Sample[]> {
      const reply = await fetch(`http://127.0.0.1:${door.adminPort}/metrics`)
      expect(reply.status).toBe(200)
      expect(reply.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
      return parseExposition(await reply.text())
    }

    /** The value of one series; 0 where there is none. */
    function readValue(samples: readonly Sample[], name: string, labels: Sample['labels'] = {}): number {
      const series = samples.find(
        (sample) =>
          sample.name === name &&
          Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
      )
      return series?.value ?? 0
    }

    it.each([
      {
        target: `/v2/pause/blobs/${HELD}`,
        labels: { class: 'blob', decision: 'redirect', backend: 'paris', reason: 'store-present' },
      },
      {
        target: `/v2/pause/blobs/${LACKED}`,
        labels: { class: 'blob', decision: 'redirect', backend: 'iowa', reason: 'blob-absent' },
      },
      {
        target: '/v2/pause/manifests/3.9',
        labels: { class: 'tag', decision: 'redirect', backend: 'iowa', reason: 'nearest-upstream' },
      },
      {
        target: `/v2/pause/manifests/${LACKED.replace(':', '-')}.sig`,
        labels: { class: 'signature', decision: 'redirect', backend: 'iowa', reason: 'signature-canonical' },
      },
      { target: '/v2/', labels: { class: 'base', decision: 'answer', backend: '', reason: 'version-check' } },
      { target: '/', labels: { class: 'other', decision: 'redirect', backend: '', reason: 'page' } },
      { target: '/v2/A/tags/list', labels: { class: 'other', decision: 'refuse', reason: 'not-oci' } },
    ])('count $target', async ({ target, labels }) => {
      const before = await scrape()
      const { status } = await ask(target)
      const after = await scrape()
      const grown = (name: string, of: Sample['labels']) =>
        readValue(after, name, of) - readValue(before, name, of)
      expect(grown('portolan_requests_total', labels)).toBe(1)
      expect(grown('portolan_responses_total', { status: String(status) })).toBe(1)
      expect(grown('portolan_request_duration_seconds_count', { class: labels.class })).toBe(1)
    })

    it('tell what was known from what was asked, and how long probes took', async () => {
      const digest = `sha256:${'3'.repeat(64)}`
      const before = await scrape()
      await ask(`/v2/pause/blobs/${digest}`)
      await ask(`/v2/pause/blobs/${digest}`)
      const after = await scrape()
      for (const source of ['asked', 'known']) {
        const labels = { backend: 'paris', verdict: 'absent', source }
        const name = 'portolan_presence_lookups_total'
        expect(readValue(after, name, labels) - readValue(before, name, labels)).toBe(1)
      }
      const probes = { kind: 'presence', backend: 'paris' }
      const name = 'portolan_probe_duration_seconds_count'
      expect(readValue(after, name, probes) - readValue(before, name, probes)).toBe(1)
    })

    it('show the state of each backend, and of the process', async () => {
      const samples = await scrape()
      for (const backend of ['iowa', 'paris']) {
        expect(readValue(samples, 'portolan_backend_up', { backend })).toBe(1)
        const statuses = samples.filter(
          ({ name, labels }) => name === 'portolan_backend_health' && labels.backend === backend,
        )
        expect(statuses.map(({ labels }) => labels.status)).toEqual(HEALTH)
        expect(statuses.reduce((sum, { value }) => sum + value, 0)).toBe(1)
      }
      expect(readValue(samples, 'portolan_requests_in_flight')).toBe(0)
      expect(readValue(samples, 'portolan_last_reload_success_timestamp_seconds')).toBeGreaterThan(1.7e9)
      expect(readValue(samples, 'process_resident_memory_bytes')).toBeGreaterThan(0)
    })

    it('are labelled by nothing that a client writes, and grow by nothing that it does', async () => {
      const letters = fc.stringMatching(/^[a-z0-9]{1,12}$/)
      const text = letters.map((some) => `${EVIL}${some}`)
      const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`)
      const target = fc.oneof(
        fc.tuple(text, digest).map(([name, held]) => `/v2/${name}/blobs/${held}`),
        fc.tuple(text, digest).map(([name, held]) => `/v2/${name}/manifests/${held}`),
        fc.tuple(text, text).map(([name, tag]) => `/v2/${name}/manifests/${tag}`),
        fc.tuple(text, text).map(([name, algorithm]) => `/v2/${name}/blobs/${algorithm}:${'a'.repeat(32)}`),
        fc.tuple(text, digest).map(([name, held]) => `/v2/${name}/referrers/${held}?artifactType=${EVIL}`),
        fc.tuple(text, text).map(([name, last]) => `/v2/${name}/tags/list?last=${last}`),
        text.map((some) => `/${some}"} 1`),
        text.map((some) => `/v2/${some}%0a${some}`),
      )
      const method = fc.oneof({ weight: 5, arbitrary: fc.constantFrom('GET', 'HEAD') }, fc.constant('EVIL'))
      const from = fc.oneof(fc.ipV4(), fc.ipV6(), text)
      const flood = () =>
        fc.assert(
          fc.asyncProperty(target, method, from, text, async (target, method, from, agent) => {
            await exchange(door.port, {
              target,
              method,
              headers: { 'X-Forwarded-For': from, 'User-Agent': agent, Accept: agent, Range: agent },
            })
          }),
          { numRuns: 150 },
        )

      await flood()
      const first = await scrape()
      await flood()
      const second = await scrape()

      expect(JSON.stringify(second)).not.toMatch(new RegExp(EVIL, 'i'))
      const ours = second.filter(({ name }) => name.startsWith('portolan_'))
      for (const { name, labels } of ours) {
        for (const [label, value] of Object.entries(labels)) {
          const allowed =
            label === 'le' || (label === 'status' && /^portolan_(?:responses|refusals)_total$/.test(name))
              ? /^(?:\+Inf|[0-9.e-]+)$/.test(value)
              : (label === 'status' ? HEALTH : (ALLOWED[label] ?? [])).includes(value)
          expect(allowed, `${name} has ${label}=${JSON.stringify(value)}`).toBe(true)
        }
      }
      // Every kind of request was in the first flood, so the second can add no series but a rare status or verdict.
      const count = (samples: readonly Sample[]) =>
        samples.filter(({ name }) => name.startsWith('portolan_')).length
      expect(count(second) - count(first)).toBeLessThanOrEqual(5)
    })
  })
}
