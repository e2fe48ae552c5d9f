import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KUBERNETES_MAP } from './builtin-map.ts'
import { createMap, createReverseMap, findLoops } from './map.ts'
import type { MapData, Move } from './map-data.ts'
import { restAfter } from './prefix-match.ts'

const FORTH = createMap(KUBERNETES_MAP)
const BACK = createReverseMap(KUBERNETES_MAP)

function data(...moves: readonly (readonly [string, string])[]): MapData {
  return { moves: moves.map(([from, to]) => ({ from, to })), related: [] }
}

describe('the built-in map', () => {
  const DIGEST = `sha256:${'0'.repeat(64)}`
  it.each([
    ['k8s.gcr.io/pause', '3.9', 'moved registry.k8s.io/pause:3.9'],
    ['k8s.gcr.io', undefined, 'moved registry.k8s.io'],
    ['k8s.gcr.io:443/a/b/c', undefined, 'moved registry.k8s.io/a/b/c'],
    ['k8s.gcr.io:5000/pause', '3.9', 'nothing'],
    ['gcr.io/google-containers/pause', '3.2', 'moved registry.k8s.io/pause:3.2'],
    ['asia.gcr.io/google_containers/pause', '3.2', 'moved registry.k8s.io/pause:3.2'],
    ['gcr.io/google_containers/pause', '3.9', 'lost registry.k8s.io/pause:3.9'],
    ['us.gcr.io/google-containers/kube-proxy', 'v1.18.6', 'moved registry.k8s.io/kube-proxy:v1.18.6'],
    ['us.gcr.io/google-containers/kube-proxy', 'v1.18.7', 'lost registry.k8s.io/kube-proxy:v1.18.7'],
    ['k8s.gcr.io/kube-proxy', 'v1.18.7', 'moved registry.k8s.io/kube-proxy:v1.18.7'],
    ['gcr.io/google-containers-other/pause', '3.9', 'nothing'],
    ['gcr.io/google-samples/hello', '1', 'nothing'],
    ['us.gcr.io/k8s-artifacts-prod/pause', '3.9', 'moved registry.k8s.io/pause:3.9'],
    ['us-west1-docker.pkg.dev/k8s-artifacts-prod/images/pause', '3.9', 'moved registry.k8s.io/pause:3.9'],
    ['us-west1-docker.pkg.dev/mine/images/pause', '3.9', 'nothing'],
    ['registry.k8s.io/pause', '3.9', 'nothing'],
    ['my.k8s.gcr.io/pause', '3.9', 'nothing'],
    ['k8s.gcr.io/coredns', '1.7.0', 'moved registry.k8s.io/coredns/coredns:v1.7.0'],
    ['k8s.gcr.io/coredns', '1.3.1', 'moved registry.k8s.io/coredns:1.3.1'],
    ['k8s.gcr.io/coredns', 'v1.8.0', 'moved registry.k8s.io/coredns/coredns:v1.8.0'],
    ['k8s.gcr.io/coredns', undefined, 'moved registry.k8s.io/coredns'],
    ['k8s.gcr.io/coredns', 'latest', 'moved registry.k8s.io/coredns:latest'],
    ['k8s.gcr.io/coredns/coredns', 'v1.8.0', 'moved registry.k8s.io/coredns/coredns:v1.8.0'],
    ['k8s.gcr.io/kube-proxy', 'v1.26.3', 'moved registry.k8s.io/kube-proxy:v1.26.3'],
    ['k8s.gcr.io/kube-proxy', 'v1.26.4', 'lost registry.k8s.io/kube-proxy:v1.26.4'],
    ['k8s.gcr.io/kube-proxy', 'v1.25.16', 'lost registry.k8s.io/kube-proxy:v1.25.16'],
    ['k8s.gcr.io/kube-proxy', 'v1.24.12', 'moved registry.k8s.io/kube-proxy:v1.24.12'],
    ['k8s.gcr.io/kube-proxy', 'v1.23.17', 'moved registry.k8s.io/kube-proxy:v1.23.17'],
    [
      'k8s.gcr.io/kube-proxy-arm64',
      'v1.27.0-alpha.1',
      'lost registry.k8s.io/kube-proxy-arm64:v1.27.0-alpha.1',
    ],
    [
      'k8s.gcr.io/metrics-server/metrics-server',
      'v1.99.0',
      'moved registry.k8s.io/metrics-server/metrics-server:v1.99.0',
    ],
    ['gcr.io/k8s-staging-kind/node', 'v1', 'related'],
    ['registry-sandbox.k8s.io/pause', '3.9', 'related'],
  ])('says of %s:%s: %s', (path, tag, expected) => {
    const named = { path, ...(tag !== undefined && { tag }), digest: DIGEST }
    const judgement = FORTH.judge(named)
    const to =
      judgement?.to && ` ${judgement.to.path}${judgement.to.tag === undefined ? '' : `:${judgement.to.tag}`}`
    expect(judgement === undefined ? 'nothing' : `${judgement.verdict}${to ?? ''}`).toBe(expected)
  })

  it.each([
    ['k8s.gcr.io/coredns', '1.7.0'],
    ['k8s.gcr.io/coredns', '1.3.1'],
    ['k8s.gcr.io/coredns/coredns', 'v1.8.0'],
    ['k8s.gcr.io/coredns/coredns', undefined],
    ['k8s.gcr.io/kube-proxy', 'v1.30.0'],
  ])('leads back to %s:%s', (path, tag) => {
    const named = { path, ...(tag !== undefined && { tag }) }
    expect(BACK.judge(FORTH.judge(named)!.to!)?.to).toEqual(named)
  })

  it('says on the way back what cannot be pulled there', () => {
    expect(BACK.judge({ path: 'registry.k8s.io/kube-proxy', tag: 'v1.30.0' })).toMatchObject({
      verdict: 'lost',
      note: expect.stringContaining('cannot be pulled by its old name'),
    })
  })
})

describe('any map', () => {
  it('takes the longest prefix, in whole components', () => {
    const map = createMap(data(['a.io', 'x.io/all'], ['a.io/b', 'x.io/b'], ['a.io/b/c', 'x.io/c']))
    expect(
      ['a.io/bc/d', 'a.io/b/d', 'a.io/b/c', 'a.io.example/b'].map((path) => map.judge({ path })?.to?.path),
    ).toEqual(['x.io/all/bc/d', 'x.io/b/d', 'x.io/c', undefined])
  })

  it('leaves what moves to its own name', () => {
    const map = createMap(data(['a.io', 'x.io'], ['a.io/mine', 'a.io/mine']))
    expect([map.judge({ path: 'a.io/mine/b' }), map.judge({ path: 'a.io/b' })?.to?.path]).toEqual([
      undefined,
      'x.io/b',
    ])
  })

  it('has no way back to an exception, and says so', () => {
    const map = createReverseMap(data(['a.io', 'x.io'], ['a.io/mine', 'a.io/mine']))
    expect(map.judge({ path: 'x.io/mine/b' })).toEqual({
      verdict: 'related',
      note: 'no old name has this new name by the map, so there is no way back',
    })
  })

  it('leads back to the first of several old names', () => {
    const map = createReverseMap(data(['a.io', 'x.io'], ['b.io', 'x.io']))
    expect(map.judge({ path: 'x.io/c' })?.to?.path).toBe('a.io/c')
  })

  const prefix = fc
    .tuple(
      fc.constantFrom('a.io', 'b.io', 'c.io:5000'),
      fc.array(fc.constantFrom('p', 'q'), { maxLength: 2 }),
    )
    .map((parts) => parts.flat().join('/'))
  const moves = fc
    .uniqueArray(fc.tuple(prefix, prefix), { selector: ([from]) => from, minLength: 1, maxLength: 5 })
    .map((pairs): Move[] => pairs.map(([from, to]) => ({ from, to })))
    .filter((some) => findLoops(some).length === 0)

  it('is the brute force over all prefixes, and done once is done', () => {
    fc.assert(
      fc.property(moves, prefix, (some, path) => {
        const slow = some
          .filter(({ from }) => restAfter(path, from) !== undefined)
          .sort((one, other) => other.from.length - one.from.length)[0]
        const expected = slow && slow.from !== slow.to ? slow.to + path.slice(slow.from.length) : undefined
        const map = createMap({ moves: some, related: [] })
        expect(map.judge({ path })?.to?.path).toBe(expected)
        if (expected !== undefined) expect(map.judge({ path: expected })?.to).toBeUndefined()
      }),
    )
  })

  it('leads back to a name that leads here, or nowhere', () => {
    fc.assert(
      fc.property(moves, prefix, (some, path) => {
        const all: MapData = { moves: some, related: [] }
        const to = createReverseMap(all).judge({ path })?.to
        if (to !== undefined) expect(createMap(all).judge(to)?.to?.path).toBe(path)
      }),
    )
  })
})
