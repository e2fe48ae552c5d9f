import { describe, expect, it } from 'vitest'
import { kubernetesReleases } from './kubernetes-releases.ts'
import { lastPatchOfTags, readKubernetesVersion, splitUpgrade } from './kubernetes-version.ts'
import { compareReleases, releaseImages } from './release-images.ts'

const of = (version: string, repository?: string) =>
  releaseImages(readKubernetesVersion(version, kubernetesReleases), kubernetesReleases, repository)
const references = (version: string, repository?: string) =>
  of(version, repository).images.map(({ reference }) => reference)

describe('what kubeadm pulls', () => {
  it('has the names, tags and order of "kubeadm config images list"', () => {
    expect(references('v1.33.2')).toEqual([
      'registry.k8s.io/kube-apiserver:v1.33.2',
      'registry.k8s.io/kube-controller-manager:v1.33.2',
      'registry.k8s.io/kube-scheduler:v1.33.2',
      'registry.k8s.io/kube-proxy:v1.33.2',
      'registry.k8s.io/coredns/coredns:v1.12.0',
      'registry.k8s.io/pause:3.10',
      'registry.k8s.io/etcd:3.5.21-0',
    ])
  })

  it.each([
    ['v1.33.2', undefined, 'registry.k8s.io/coredns/coredns:v1.12.0', undefined],
    ['v1.33.2', 'r.example/k8s', 'r.example/k8s/coredns:v1.12.0', 'registry.k8s.io/coredns/coredns:v1.12.0'],
    ['v1.33.2', 'registry.k8s.io', 'registry.k8s.io/coredns/coredns:v1.12.0', undefined],
    // A kubeadm that has another default takes it for one of the user's own.
    [
      'v1.24.4',
      'registry.k8s.io',
      'registry.k8s.io/coredns:v1.8.6',
      'registry.k8s.io/coredns/coredns:v1.8.6',
    ],
    ['v1.20.3', undefined, 'registry.k8s.io/coredns:1.7.0', undefined],
    ['v1.20.3', 'r.example', 'r.example/coredns:1.7.0', 'registry.k8s.io/coredns:1.7.0'],
  ])('%s from %s has CoreDNS as %s', (version, repository, reference, origin) => {
    const coredns = of(version, repository).images.find(({ component }) => component === 'coredns')
    expect(coredns).toEqual({ component: 'coredns', reference, basis: 'data', ...(origin && { origin }) })
  })

  it.each([
    ['v1.33.3', 'data', [], undefined],
    ['v1.20.15', 'data', ['pause'], 'kubeadm of that version names none'],
    ['v1.33.99', 'derived', [], 'Kubernetes 1.33.99 was not read; this is as in 1.33.13'],
    ['v1.27.13', 'derived', ['etcd'], 'Kubernetes 1.27.13 was not read; this is as in 1.27.11 and 1.27.16'],
    ['v1.99.0', undefined, ['coredns', 'pause', 'etcd'], 'nothing is known of Kubernetes 1.99'],
    [
      'v1.33.0-rc.1',
      undefined,
      ['coredns', 'pause', 'etcd'],
      'nothing is known of v1.33.0-rc.1, which is no release',
    ],
  ])('%s is %s, without %j', (version, basis, missing, gap) => {
    const release = of(version)
    expect(release.images.find(({ component }) => component === 'coredns')?.basis).toBe(basis)
    expect(release.images[0]?.basis).toBe('version')
    expect(release).toMatchObject({ missing, ...(gap && { gap }) })
    expect(release.gap).toBe(gap)
  })

  it.each([
    ['v1.24.4', undefined, 'k8s.gcr.io'],
    ['v1.24.4', 'r.example', undefined],
    ['v1.33.2', undefined, undefined],
  ])('%s from %s is pulled from %s by itself', (version, repository, registry) => {
    expect(of(version, repository).pullsFrom).toBe(registry)
  })

  it('is compared with that of another version', () => {
    const [from, to] = [of('v1.33.5'), of('v1.33.6')]
    const { added, dropped, kept } = compareReleases(from, to)
    expect(kept.map(({ component }) => component)).toEqual(['coredns', 'pause'])
    expect(added.map(({ reference }) => reference)).toContain('registry.k8s.io/etcd:3.5.24-0')
    expect(dropped.map(({ reference }) => reference)).toContain('registry.k8s.io/etcd:3.5.21-0')
    expect(added.length).toBe(5)
  })

  it('is not said to be dropped where what comes after it is not known', () => {
    const { dropped } = compareReleases(of('v1.37.2'), of('v1.99.0'))
    expect(dropped.map(({ component }) => component)).toEqual([
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
      'kube-proxy',
    ])
  })
})

describe('a version', () => {
  it.each([
    ['v1.33.2', { major: 1, minor: 33, patch: 2 }],
    ['1.33.2', { major: 1, minor: 33, patch: 2 }],
    ['v1.33.x', { major: 1, minor: 33, patch: 13 }],
    ['v1.34.0-rc.1', { major: 1, minor: 34, patch: 0, prerelease: 'rc.1' }],
  ])('is read from %s', (text, version) => {
    expect(readKubernetesVersion(text, kubernetesReleases)).toEqual(version)
  })

  it.each([
    ['v1.33', /"v1\.33" is no version of Kubernetes/],
    ['latest', /"latest" is no version/],
    ['v2.0.0', /"v2\.0\.0" is no version/],
    ['v1.33.2+k3s1', /is no version/],
    ['v1.99.x', /no patch of Kubernetes 1\.99 is known, only of 1\.19 to 1\.37; name one/],
  ])('is none: %s', (text, reason) => {
    expect(() => readKubernetesVersion(text, kubernetesReleases)).toThrow(reason)
  })

  it.each(['v1.33.1', 'v1.33.1..', 'v1.33.1..v1.34.0..v1.35.0', '..v1.33.1', ''])(
    'is no upgrade: %s',
    (text) => {
      expect(() => splitUpgrade(text)).toThrow(/is no upgrade; expected FROM\.\.TO/)
    },
  )

  it.each([
    ['1.38', 10],
    ['1.3', 0],
    ['1.39', undefined],
  ])('%s has as its last patch what tags say: %s', (minor, patch) => {
    const tags = ['v1.38.9', 'v1.38.10', 'v1.38.11-rc.0', 'v1.3.0', 'v1.40.1', 'sha256-ab.sig', '1.38.12']
    expect(lastPatchOfTags(minor, tags)).toBe(patch)
  })
})
