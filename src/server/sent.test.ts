import { expect, it, test } from 'vitest'
import { storeAt, upstreamAt } from '../../test/support/view.ts'
import type { SponsorConfig } from '../config/config.ts'
import { parseRequest } from '../routing/parse-request.ts'
import { SentBytes } from './sent.ts'

const PARIS = storeAt('paris', { name: 'aws/eu-west-3' })
const IOWA = upstreamAt('iowa', { name: 'gcp/us-central1' }, { canonical: true })
const ACME: SponsorConfig = {
  id: 'acme',
  backends: ['paris'],
  credits: [],
  over: [],
  timezone: 'UTC',
  floor: 0,
  ceiling: 1,
}
const DIGEST = `sha256:${'a'.repeat(64)}`
const BLOB = `/v2/pause/blobs/${DIGEST}`

type Found = { size: number; known: 'listed' | 'probed' } | undefined

const countingBy = (sizeOf: () => Found) =>
  new SentBytes(() => ({ backends: { sizeOf }, payers: new Map([[PARIS, ACME]]) }))

function exchange(target: string, { method = 'GET', range }: { method?: string; range?: string } = {}) {
  const parsed = parseRequest(method, target)
  if (parsed.kind !== 'oci') throw new Error(target)
  return {
    request: { method, target, peer: '', header: (name: string) => (name === 'range' ? range : undefined) },
    oci: parsed.request,
    decision: {
      kind: 'redirect' as const,
      backend: PARIS,
      location: '',
      reason: 'store-present' as const,
      passedOver: [],
    },
  }
}

test.each<[string, Parameters<typeof exchange>, Found, number, string]>([
  ['a blob that is listed', [BLOB], { size: 5000, known: 'listed' }, 5000, 'listed'],
  ['one that was probed', [BLOB], { size: 5000, known: 'probed' }, 5000, 'probed'],
  ['one that nobody knows', [BLOB], undefined, 0, 'unknown'],
  ['a HEAD', [BLOB, { method: 'HEAD' }], { size: 5000, known: 'listed' }, 0, 'listed'],
  ['a part', [BLOB, { range: 'bytes=1000-1999' }], { size: 5000, known: 'listed' }, 1000, 'listed'],
  ['a rest', [BLOB, { range: 'bytes=4000-' }], { size: 5000, known: 'listed' }, 1000, 'listed'],
  ['an end', [BLOB, { range: 'bytes=-10' }], { size: 5000, known: 'listed' }, 10, 'listed'],
  ['more than there is', [BLOB, { range: 'bytes=0-9999' }], { size: 5000, known: 'listed' }, 5000, 'listed'],
  ['what is behind it', [BLOB, { range: 'bytes=5000-' }], { size: 5000, known: 'listed' }, 0, 'listed'],
  ['several parts', [BLOB, { range: 'bytes=0-1,3-4' }], { size: 5000, known: 'listed' }, 5000, 'listed'],
  ['no range at all', [BLOB, { range: 'lines=1-2' }], { size: 5000, known: 'listed' }, 5000, 'listed'],
  // How long the whole is does not matter.
  ['a part of what nobody knows', [BLOB, { range: 'bytes=0-1023' }], undefined, 1024, 'estimated'],
  ['a rest of what nobody knows', [BLOB, { range: 'bytes=9-' }], undefined, 0, 'unknown'],
  ['an end of what nobody knows', [BLOB, { range: 'bytes=-9' }], undefined, 0, 'unknown'],
  ['a manifest', [`/v2/pause/manifests/${DIGEST}`], { size: 700, known: 'listed' }, 700, 'listed'],
  ['a list of tags', ['/v2/pause/tags/list'], { size: 700, known: 'listed' }, 0, 'unknown'],
])('%s', (_, request, found, bytes, known) => {
  expect(countingBy(() => found).of(exchange(...request))).toMatchObject({
    ...{ bytes, known },
    backend: PARIS,
    sponsor: 'acme',
  })
})

it('is nothing where no client is sent anywhere', () => {
  const { request, oci } = exchange(BLOB)
  const counting = countingBy(() => undefined)
  for (const decision of [
    undefined,
    { kind: 'answer', backend: IOWA, reason: 'upstream-preferred', passedOver: [] },
    { kind: 'relay', backend: IOWA, reason: 'upstream-preferred', passedOver: [] },
  ] as const) {
    expect(counting.of({ request, oci, decision })).toBeUndefined()
  }
})

it('takes what it does not know to be as long as what it knows, once it knows enough', () => {
  let found: Found = { size: 1000, known: 'listed' }
  const counting = countingBy(() => found)
  for (let count = 0; count < 99; count++) counting.of(exchange(BLOB))
  found = { size: 1101, known: 'probed' }
  counting.of(exchange(BLOB))
  found = undefined
  expect(counting.of(exchange(BLOB))).toMatchObject({ bytes: 1001, known: 'estimated' })
  // Manifests are another kind of thing.
  expect(counting.of(exchange('/v2/pause/manifests/3.9'))).toMatchObject({ bytes: 0, known: 'unknown' })
})
