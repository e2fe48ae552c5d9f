import { describe, expect, it } from 'vitest'
import { kubernetesReleases, parseKubernetesReleases } from './kubernetes-releases.ts'

const row = (minor: string, from: number, to: number, etcd: string, pause: string | null = '3.9') => ({
  minor,
  patches: [from, to],
  etcd,
  coredns: 'v1.11.1',
  pause,
})
const file = (...rows: object[]) => ({ what: 'w', source: 's', read: '2026-11-27', notes: 'n', rows })
const releases = parseKubernetesReleases(
  file(row('1.20', 0, 15, '3.4.13-0', null), row('1.28', 0, 2, '3.5.9-0'), row('1.28', 5, 8, '3.5.10-0')),
)

describe('the images of a Kubernetes version', () => {
  it.each([
    ['a patch that was read', { minor: 28, patch: 1 }, { pause: '3.9', etcd: '3.5.9-0', coredns: 'v1.11.1' }],
    [
      'a minor version: what its patches share',
      { minor: 28 },
      {
        pause: '3.9',
        coredns: 'v1.11.1',
        gap: 'not the same in every 1.28: name the patch version as well',
      },
    ],
    [
      'a patch between two that were read',
      { minor: 28, patch: 3 },
      {
        pause: '3.9',
        coredns: 'v1.11.1',
        gap: 'Kubernetes 1.28.3 was not read; this is as in 1.28.2 and 1.28.5',
      },
    ],
    [
      'a patch after the last one',
      { minor: 28, patch: 9 },
      {
        pause: '3.9',
        etcd: '3.5.10-0',
        coredns: 'v1.11.1',
        gap: 'Kubernetes 1.28.9 was not read; this is as in 1.28.8',
      },
    ],
    [
      'one that names no pause image',
      { minor: 20, patch: 1 },
      {
        etcd: '3.4.13-0',
        coredns: 'v1.11.1',
        gap: 'kubeadm of that version names none',
      },
    ],
    ['an unknown one', { minor: 99, patch: 0 }, { gap: 'nothing is known of Kubernetes 1.99' }],
  ])('are known of %s', (_, version, images) => {
    expect(releases.images({ major: 1, ...version })).toEqual(images)
  })

  it('are in the data that is published with Portolan', () => {
    expect(kubernetesReleases.read).toBe('2026-11-27')
    expect(kubernetesReleases.images({ major: 1, minor: 24 }).pause).toBe('3.7')
    expect(kubernetesReleases.images({ major: 1, minor: 26, patch: 3 })).toEqual({
      pause: '3.9',
      etcd: '3.5.6-0',
      coredns: 'v1.9.3',
    })
  })
})

describe('a list of releases', () => {
  it.each([
    [
      'rows that overlap',
      file(row('1.28', 0, 5, 'a'), row('1.28', 5, 8, 'b')),
      /1\.28\.5 is not after 1\.28\.5/,
    ],
    ['rows out of order', file(row('1.28', 0, 5, 'a'), row('1.27', 0, 8, 'b')), /1\.27\.0 is not after/],
    ['a run that ends before it begins', file(row('1.28', 5, 1, 'a')), /first patch is after the last/],
    ['a tag that is none', file(row('1.28', 0, 1, 'a b')), /etcd/],
    ['an unknown key', { ...file(row('1.28', 0, 1, 'a')), more: 1 }, /more/],
    ['no rows', file(), /rows/],
    ['something else', null, /expected object/],
  ])('is refused with %s', (_, content, reason) => {
    expect(() => parseKubernetesReleases(content)).toThrow(reason)
  })
})
