import { describe, expect, it } from 'vitest'
import { configOf } from '../../../test/support/config.ts'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { createObservers } from '../../internal/observers.ts'
import { parseAddress } from '../../net/address.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Name } from '../../oci/name.ts'
import { noBackends, reconcile } from '../backends.ts'
import type { BackendEvent } from '../live-backend.ts'
import { createDeliveryChecks } from './delivery-checks.ts'

const digest = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}` as Digest

/** A store in traffic that delivers blobs or not, and a client that is sent to it. */
async function world(deliver: (url: string) => Promise<Response>) {
  const asked: string[] = []
  const runtime = createTestRuntime({
    fetch(url, init) {
      if (init.method === 'HEAD' || url.endsWith('/v2/')) return Promise.resolve(new Response(null))
      asked.push(url)
      return deliver(url)
    },
  })
  const observers = createObservers<BackendEvent>()
  const facts: string[] = []
  observers.add(({ fact }) => facts.push(fact.kind))
  const config = configOf({
    upstreams: [{ id: 'iowa', url: 'https://iowa.test', at: 'gcp/us-central1' }],
    stores: [{ id: 'paris', url: 'https://paris.test', at: 'aws/eu-west-3' }],
  })
  const backends = reconcile(noBackends(runtime, observers), config, undefined)
  await Promise.all(backends.all.map(({ tried }) => tried))
  const paris = backends.stores[0]!
  const checks = createDeliveryChecks(runtime)
  const ask = (from: string, n: number) =>
    checks.note(parseAddress(from)!, paris, { kind: 'blob', name: 'pause' as Name, digest: digest(n) })
  return { runtime, asked, facts, paris, ask }
}

const whole = async () =>
  new Response(new Uint8Array(1_048_576), {
    status: 206,
    headers: { 'Content-Range': 'bytes 0-1048575/2000000' },
  })
const refused = async () => new Response(null, { status: 403 })

describe('a client that comes back for a blob', () => {
  it('has it checked, and the blob barred and the store checked when it is not delivered', async () => {
    const { runtime, asked, facts, paris, ask } = await world(refused)
    expect(ask('192.0.2.1', 1)).toBeUndefined()
    runtime.advance(3000)
    await ask('192.0.2.1', 1)
    expect(asked).toEqual([`https://paris.test/containers/images/${digest(1)}`])
    expect(facts.filter((kind) => kind !== 'probed')).toEqual([
      'checked',
      'checked',
      'undelivered',
      'checked',
    ])
    expect(paris.known({ kind: 'blob', name: 'pause' as Name, digest: digest(1) })).toBe('unknown')
  })

  it('is not noticed when it comes later than ten seconds, for another blob, or from elsewhere', async () => {
    const { runtime, asked, ask } = await world(refused)
    ask('192.0.2.1', 1)
    expect(ask('192.0.2.1', 2)).toBeUndefined()
    expect(ask('192.0.2.2', 1)).toBeUndefined()
    runtime.advance(10_000)
    expect(ask('192.0.2.1', 1)).toBeUndefined()
    expect(asked).toEqual([])
  })

  it('makes the rest of its pull wait for the check, and nobody else', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>()
    const { ask } = await world(() => promise)
    ask('192.0.2.1', 1)
    const check = ask('192.0.2.1', 1)
    expect(ask('192.0.2.1', 2)).toBe(check)
    expect(ask('192.0.2.9', 2)).toBeUndefined()
    resolve(await refused())
    await check
    expect(ask('192.0.2.1', 3)).toBeUndefined()
  })
})

describe('two hundred nodes behind one address', () => {
  it('cost one check of a blob in thirty seconds, and the store nothing', async () => {
    const { runtime, asked, facts, ask } = await world(whole)
    for (let second = 0; second < 60; second++) {
      for (let node = 0; node < 200; node++) await ask('192.0.2.1', 1)
      runtime.advance(1000)
    }
    expect(asked.length).toBe(2)
    expect(facts).not.toContain('undelivered')
  })
})
