import { describe, expect, it } from 'vitest'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { parseAddress } from '../../net/address.ts'
import { parseDigest } from '../../oci/digest.ts'
import { silentLog } from '../../telemetry/log.ts'
import type { Attempt } from './attempt.ts'
import { createRetryDetector, type RetryBounds } from './detector.ts'

const digest = (n: number) => parseDigest(`sha256:${n.toString(16).padStart(64, '0')}`)!
const BLOB: Attempt = {
  address: parseAddress('192.0.2.1')!,
  store: 'paris',
  repository: 'app',
  digest: digest(1),
  start: 0,
  open: true,
}

function detectorWith(options: RetryBounds = {}) {
  const warnings: object[] = []
  const runtime = createTestRuntime({ log: { ...silentLog, warn: (fields) => warnings.push(fields) } })
  const detector = createRetryDetector(runtime, options)
  const wait = (seconds: number) => runtime.advance(1000 * seconds)
  /** The reasons for requests, each so many seconds after the one before. */
  const ask = (requests: readonly (readonly [wait: number, change: Partial<Attempt>])[]) =>
    requests.map(([seconds, change]) => {
      wait(seconds)
      return detector.note({ ...BLOB, ...change }).reason
    })
  return { detector, wait, ask, warnings }
}

describe('a client', () => {
  it.each<[string, (readonly [number, Partial<Attempt>])[], string[]]>([
    [
      'moves at its third try',
      [
        [0, {}],
        [10, {}],
        [20, {}],
      ],
      ['first', 'again', 'blob-again'],
    ],
    [
      'moves at its third pull, whichever blob that begins with',
      [
        [0, {}],
        [10, {}],
        [20, { digest: digest(2) }],
      ],
      ['first', 'again', 'pull-again'],
    ],
    [
      'goes to the canonical upstream when moving has not helped',
      [
        [0, {}],
        [10, {}],
        [20, {}],
        [40, {}],
      ],
      ['first', 'again', 'blob-again', 'moved-in-vain'],
    ],
    [
      'is worth a check when the same is asked for again within ten seconds, and at no other time',
      [
        [0, {}],
        [1, {}],
        [1, { digest: digest(2) }],
        [1, { store: 'london' }],
        [1, { address: parseAddress('192.0.2.2')! }],
        [1, { start: 9 }],
        [1, { address: parseAddress('2001:db8::1')! }],
        [1, { address: parseAddress('2001:db8::1')! }],
      ],
      ['first', 'soon', 'first', 'first', 'first', 'first', 'first', 'soon'],
    ],
    [
      'moves when a resumed download makes no progress',
      [
        [0, {}],
        [1, { start: 9 }],
        [1, { start: 9 }],
        [1, { start: 9 }],
      ],
      ['first', 'first', 'again', 'blob-again'],
    ],
    [
      'stays while it makes progress',
      [
        [0, {}],
        [1, { start: 9 }],
        [1, { start: 18 }],
        [1, { start: 27 }],
      ],
      ['first', 'first', 'first', 'first'],
    ],
    [
      'stays when it asks other stores',
      [
        [0, {}],
        [10, { store: 'london' }],
        [10, { store: 'iowa' }],
      ],
      ['first', 'first', 'first'],
    ],
    [
      'may look for the first bytes as often as it likes',
      [
        [0, { open: false }],
        [10, { open: false }],
        [10, { open: false }],
        [10, {}],
      ],
      ['first', 'first', 'first', 'first'],
    ],
  ])('%s', (_, requests, reasons) => expect(detectorWith().ask(requests)).toEqual(reasons))

  it('moves at the third of three quick runs, each with its manifest', () => {
    const { detector, wait } = detectorWith()
    const reasons = [1, 2, 3].map(() => {
      wait(1)
      detector.noteManifest(BLOB.address, 'app', 'v1')
      return detector.note(BLOB).reason
    })
    expect(reasons).toEqual(['first', 'again', 'blob-again'])
  })

  it('moves at the third of three quick runs that ask for each blob twice, as docker does when it is refused', () => {
    const { detector, wait } = detectorWith()
    const reasons = [1, 2, 3].map(() => {
      wait(1)
      detector.noteManifest(BLOB.address, 'app', 'v1')
      return [0, 0.15].map((seconds) => {
        wait(seconds)
        return [1, 2, 3].map((n) => detector.note({ ...BLOB, digest: digest(n) }).reason)
      })
    })
    expect(reasons[2]!.flat()).toEqual(new Array(6).fill('blob-again'))
  })

  it('moves at its third pull even when each asked for other blobs', () => {
    const { detector, wait } = detectorWith()
    const reasons = [1, 2, 3].map((n) => {
      wait(20)
      detector.noteManifest(BLOB.address, 'app', 'v1')
      return detector.note({ ...BLOB, digest: digest(n) }).reason
    })
    expect(reasons).toEqual(['first', 'first', 'pull-again'])
  })

  it.each<[string, (readonly [wait: number, asks: readonly string[]])[], string[]]>([
    [
      'moves at its third pull though its second failed by what it held, and asked for nothing',
      [
        [0, ['v1', '1', '2']],
        [10, ['v1']],
        [20, ['v1', '2', '3']],
      ],
      ['first', 'first', 'pull-again', 'pull-again'],
    ],
    [
      'moves so though it pulled something else in between',
      [
        [0, ['v1', '1']],
        [10, ['v1']],
        [3, ['other:v1', '2']],
        [17, ['other:v1', 'v1', '1']],
      ],
      ['first', 'first', 'pull-again'],
    ],
    [
      'stays when it looks at a tag again and again, and then pulls what is new',
      [
        [0, ['v1', '1']],
        [60, ['v1']],
        [60, ['v1', '2']],
      ],
      ['first', 'first'],
    ],
    [
      'stays when it looks at the tags of another repository',
      [
        [0, ['v1', '1']],
        [10, ['other:v1']],
        [10, ['other:v1']],
        [10, ['v1', '1']],
      ],
      ['first', 'again'],
    ],
    [
      'stays at its second pull when that takes long to get the manifest',
      [
        [0, ['v1', '1']],
        [10, ['v1']],
        [4, ['v1', '1']],
      ],
      ['first', 'again'],
    ],
  ])('%s', (_, pulls, expected) => {
    const { detector, wait } = detectorWith()
    const reasons: string[] = []
    for (const [seconds, asks] of pulls) {
      wait(seconds)
      for (const what of asks) {
        wait(0.1)
        const [, repository = 'app', tag] = /^(?:(.*):)?(v.*)$/.exec(what) ?? []
        if (tag !== undefined) detector.noteManifest(BLOB.address, repository, tag)
        else reasons.push(detector.note({ ...BLOB, digest: digest(Number(what)) }).reason)
      }
    }
    expect(reasons).toEqual(expected)
  })

  it('stays when others look at the tag, and its address is known to be shared', () => {
    const { detector, ask, wait } = detectorWith()
    // The same again within a second, and a third time: two machines.
    ask([0, 1, 1].map((seconds) => [seconds, {}]))
    for (const _ of [1, 2]) {
      wait(20)
      detector.noteManifest(BLOB.address, 'app', 'v1')
    }
    expect(ask([[1, {}]])).toEqual(['again'])
  })

  it('stays when it reads a part again that it read before it looked at the tag', () => {
    const { detector, ask, wait } = detectorWith()
    const part = { start: 65_536, open: false }
    ask([[0, part]])
    for (const _ of [1, 2]) {
      wait(20)
      detector.noteManifest(BLOB.address, 'app', 'v1')
    }
    expect(ask([[1, part]])).toEqual(['again'])
  })

  it('stays when it pulls images of one build, whose long tag is the same', () => {
    const { detector, wait } = detectorWith()
    const tag = 'f3a9c1d27be84605a1c2d3e4f5061728394a5b6c'
    const reasons = ['shop/checkout', 'shop/payments', 'shop/contacts'].map((name, n) => {
      wait(20)
      detector.noteManifest(BLOB.address, name, tag)
      return detector.note({ ...BLOB, digest: digest(n + 1) }).reason
    })
    expect(reasons).toEqual(['first', 'first', 'first'])
  })

  it('stays when it pulls one image after the other that share a blob, and looks at each once more', () => {
    const { detector, wait } = detectorWith()
    const reasons = [1, 2, 3, 4, 5].flatMap((image) => {
      wait(1)
      detector.noteManifest(BLOB.address, 'app', `v${image}`)
      const own = detector.note({ ...BLOB, digest: digest(100 + image) }).reason
      const shared = detector.note(BLOB).reason
      wait(1)
      detector.noteManifest(BLOB.address, 'app', `v${image}`)
      return [own, shared]
    })
    const shared = ['first', 'soon', 'soon', 'soon', 'soon']
    expect(reasons).toEqual(shared.flatMap((reason) => ['first', reason]))
  })
})

it('moves no more bytes than it may', () => {
  const { ask } = detectorWith({ maxMovedBytes: 400 })
  expect(
    ask([
      [0, {}],
      [10, {}],
      [10, { bytes: () => 101 }],
    ]),
  ).toEqual(['first', 'again', 'budget'])
})

it('says what it moved', () => {
  const { detector, ask } = detectorWith()
  ask([
    [0, {}],
    [10, {}],
    [10, { bytes: () => 100 }],
  ])
  expect(detector.status()).toEqual({
    mutedShare: undefined,
    stores: [{ store: 'paris', clients: 1, cameBack: 1, usual: 0.02, networks: 1, movedBytes: 100 }],
  })
})

it('forgets a store that is not kept', () => {
  const { detector, ask } = detectorWith()
  ask([
    [0, {}],
    [10, {}],
  ])
  detector.keep(new Set(['london']))
  expect(detector.status().stores).toEqual([])
  expect(ask([[10, {}]])).toEqual(['first'])
})

it('goes on after the twelve days that its times can hold', () => {
  const { ask } = detectorWith()
  const days = 24 * 60 * 60
  expect(
    ask([
      [0, {}],
      [20 * days, {}],
      [10, {}],
      [10, {}],
    ]),
  ).toEqual(['first', 'first', 'again', 'blob-again'])
})

it('says once that one address hides many clients, and goes by it no more', () => {
  const { detector, wait, ask, warnings } = detectorWith()
  for (let n = 0; n < 4000; n++) {
    wait(1)
    detector.note({ ...BLOB, address: parseAddress(n % 2 === 0 ? '192.0.2.1' : `198.51.100.${n % 100}`)! })
  }
  expect(warnings).toEqual([{ share: expect.closeTo(0.5, 1) }])
  expect(detector.status().mutedShare).toBeCloseTo(0.5, 1)
  expect(
    ask([
      [10, {}],
      [10, {}],
      [10, {}],
    ]),
  ).toEqual(['again', 'again', 'muted'])
})
