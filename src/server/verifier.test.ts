import { describe, expect, it } from 'vitest'
import { PARIS } from '../../test/support/places.ts'
import { createTestClock } from '../../test/support/test-clock.ts'
import { storeAt } from '../../test/support/view.ts'
import { createSuspicion } from '../health/suspicion.ts'
import { parseAddress } from '../net/address.ts'
import type { Digest } from '../oci/digest.ts'
import type { Name } from '../oci/name.ts'
import type { Decision } from '../routing/decide.ts'
import type { Client } from './locate.ts'
import { createVerifier } from './verifier.ts'

const STORE = storeAt('paris', PARIS)
const digest = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}` as Digest
const client = (address: string): Client => ({
  via: 'peer',
  address: parseAddress(address)!,
  located: undefined,
})

/** A store that delivers or not, and a client that is sent to it. */
function world(delivers: () => boolean | Promise<boolean>) {
  const clock = createTestClock()
  const checked: Digest[] = []
  const accused: string[] = []
  const verifier = createVerifier({
    clock,
    suspicion: createSuspicion(clock),
    async check(_, digest) {
      checked.push(digest)
      return delivers()
    },
    async onFailure(store) {
      accused.push(store.id)
    },
  })
  const ask = (from: string, n: number) => {
    const decision: Decision = {
      kind: 'redirect',
      backend: STORE,
      location: '',
      reason: 'store-present',
      passedOver: [],
    }
    return verifier.doubt(client(from), decision, { kind: 'blob', name: 'pause' as Name, digest: digest(n) })
  }
  return { clock, checked, accused, ask }
}

describe('a client that comes back for a blob', () => {
  it('has it checked, and the store accused when it is not delivered', async () => {
    const { clock, checked, accused, ask } = world(() => false)
    expect(ask('192.0.2.1', 1)).toBeUndefined()
    clock.advance(3000)
    expect(await ask('192.0.2.1', 1)).toBe('unknown')
    expect(checked).toEqual([digest(1)])
    expect(accused).toEqual(['paris'])
  })

  it('is not doubted when it comes later than ten seconds, for another blob, or from elsewhere', () => {
    const { clock, checked, ask } = world(() => false)
    ask('192.0.2.1', 1)
    expect(ask('192.0.2.1', 2)).toBeUndefined()
    expect(ask('192.0.2.2', 1)).toBeUndefined()
    clock.advance(10_000)
    expect(ask('192.0.2.1', 1)).toBeUndefined()
    expect(checked).toEqual([])
  })

  it('makes the rest of its pull wait for the check, and nobody else', async () => {
    let answer: (delivered: boolean) => void = () => {}
    const { ask } = world(() => new Promise((resolve) => (answer = resolve)))
    ask('192.0.2.1', 1)
    const doubt = ask('192.0.2.1', 1)
    expect(ask('192.0.2.1', 2)).toBe(doubt)
    expect(ask('192.0.2.9', 2)).toBeUndefined()
    answer(false)
    expect(await doubt).toBe('unknown')
    expect(ask('192.0.2.1', 3)).toBeUndefined()
  })
})

describe('two hundred nodes behind one address', () => {
  it('cost one check of a blob in thirty seconds, and the store nothing', async () => {
    const { clock, checked, accused, ask } = world(() => true)
    for (let second = 0; second < 60; second++) {
      for (let node = 0; node < 200; node++) await ask('192.0.2.1', 1)
      clock.advance(1000)
    }
    expect(checked.length).toBe(2)
    expect(accused).toEqual([])
  })
})
