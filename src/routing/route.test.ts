import { expect, it } from 'vitest'
import { IOWA, PARIS, VIRGINIA } from '../../test/support/places.ts'
import { storeAt, upstreamAt, viewOf } from '../../test/support/view.ts'
import { type Address, parseAddress } from '../net/address.ts'
import { isFault } from '../oci/errors.ts'
import { parsePath } from '../oci/path.ts'
import type { Client } from './locate.ts'
import { type Notice, type RouteSources, route } from './route.ts'

const STORES = [storeAt('paris', PARIS), storeAt('virginia', VIRGINIA)]
const VIEW = viewOf([upstreamAt('iowa', IOWA, { canonical: true })], STORES, [
  { when: {}, prefer: ['stores'] },
])

const MOVE: Notice = { kind: 'move', past: 'this' }
const PAST_ALL: Notice = { kind: 'move', past: 'all' }

/** What is noticed of the client at a store; `barred` waits, and afterwards the store does not have the blob any more. */
type Noticed = Readonly<Record<string, Notice | 'waits' | 'barred'>>

/** Where a client is sent to for a blob that both stores have, and what it was noticed at, in this order. */
async function follow(noticed: Noticed, view = VIEW, address?: Address): Promise<string> {
  const request = parsePath(`/v2/app/blobs/sha256:${'a'.repeat(64)}`)
  if (isFault(request)) throw new Error(request.message)
  const barred = new Set<string>()
  const asked: string[] = []
  const sources: RouteSources = {
    view: () => view,
    known: ({ id }) => (barred.has(id) ? 'absent' : 'present'),
    listed: () => undefined,
    spill: { maySpill: () => true, overSpill: 'canonical' },
    notice(_, decision) {
      if (decision.kind !== 'redirect') return undefined
      const { id } = decision.backend
      asked.push(id)
      const what = noticed[id]
      if (typeof what !== 'string') return what
      if (what === 'barred') barred.add(id)
      return { kind: 'wait', until: () => Promise.resolve() }
    },
  }
  const client: Client = { via: 'unknown', address, located: undefined }
  const decision = await route({ method: 'GET', request, query: '', client }, sources)
  return `${asked.join(', ')} → ${decision.kind === 'redirect' ? decision.backend.id : decision.kind}`
}

it.each<[string, Noticed, string]>([
  ['is new', {}, 'paris → paris'],
  ['came back', { paris: MOVE }, 'paris, virginia → virginia'],
  ['came back to both', { paris: MOVE, virginia: MOVE }, 'paris, virginia, iowa → iowa'],
  ['was moved in vain', { paris: PAST_ALL }, 'paris, iowa → iowa'],
  ['waits for what turns out to be there', { paris: 'waits' }, 'paris → paris'],
  ['waits for what does not come', { paris: 'barred' }, 'paris, virginia → virginia'],
  [
    'waits for what does not come, and came back to the next store too',
    { paris: 'barred', virginia: MOVE },
    'paris, virginia, iowa → iowa',
  ],
  [
    'waits once, and not for the next store too',
    { paris: 'barred', virginia: 'waits' },
    'paris, virginia → virginia',
  ],
])('a client that %s', async (_, noticed, expected) => {
  expect(await follow(noticed)).toBe(expected)
})

it('a client that was moved in vain is sent past all stores of the rule that is for it, and not of another', async () => {
  const view = viewOf([upstreamAt('iowa', IOWA, { canonical: true })], STORES, [
    { when: { prefix: ['192.0.2.0/24'], repository: ['app'] }, prefer: ['paris', 'virginia'] },
    { when: {}, prefer: ['iowa'] },
  ])
  expect(await follow({ paris: PAST_ALL }, view, parseAddress('192.0.2.1'))).toBe('paris, iowa → iowa')
})
