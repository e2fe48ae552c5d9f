import type { Lost, MapData, Rename } from './map-data.ts'

/**
 * CoreDNS had no `v` in its tags under its first name, and has under the second one. The lists of what is published
 * (kubernetes/k8s.io, `images/k8s-staging-coredns/images.yaml`) begin with v1.6.6 for the second name; version 1.7.0,
 * the last under the first name, has one digest under both. Other repositories with a newer home, such as
 * `metrics-server-amd64`, are served under their old path too and need no other path.
 */
const RENAMES: readonly Rename[] = [
  { from: 'coredns', to: 'coredns/coredns', tagPrefix: 'v', since: '1.6.6', until: '1.7.0' },
]

const FROZEN = 'k8s.gcr.io and its aliases have nothing made after 2023-04-03'

/**
 * What was made after 2023-04-03, when the old name was frozen. Of Kubernetes itself the announcement names the last
 * versions there: 1.24.12, 1.25.8 and 1.26.3, and no 1.27 (kubernetes.io/blog/2023/03/10/k8s-gcr-io-freeze-announcement,
 * "Timeline of the changes"). The others are the first versions that their projects released after that day.
 */
const LOST: readonly Lost[] = [
  {
    names: [
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
      'kube-proxy',
      'conformance',
      'kubectl',
    ].flatMap((name) => [
      name,
      `${name}-amd64`,
      `${name}-arm`,
      `${name}-arm64`,
      `${name}-ppc64le`,
      `${name}-s390x`,
    ]),
    versions: '>=1.24.13 <1.25.0 || >=1.25.9 <1.26.0 || >=1.26.4',
    note: `${FROZEN}: of Kubernetes no 1.27, and no patch after 1.24.12, 1.25.8 and 1.26.3; registry.k8s.io has it`,
  },
  { names: ['pause'], versions: '>=3.10', note: `${FROZEN}: no pause after 3.9; registry.k8s.io has it` },
  { names: ['etcd'], versions: '>=3.5.8', note: `${FROZEN}: no etcd after 3.5.7; registry.k8s.io has it` },
  {
    names: ['coredns', 'coredns/coredns'],
    versions: '>=1.10.2',
    note: `${FROZEN}: no CoreDNS after 1.10.1; registry.k8s.io has it`,
  },
]

/**
 * `gcr.io/google-containers` and its regional names were frozen when k8s.gcr.io was given other stores, in July 2020
 * (kubernetes/k8s.io, `k8s.gcr.io/Vanity-Domain-Flip.md`; kubernetes/release, issue 270). Of Kubernetes the last
 * releases before were 1.16.13, 1.17.9 and 1.18.6.
 */
const ENDED = 'gcr.io/google-containers has nothing made after July 2020, when k8s.gcr.io left it'
const LOST_EARLIER: readonly Lost[] = [
  {
    names: LOST[0]!.names,
    versions: '>=1.16.14 <1.17.0 || >=1.17.10 <1.18.0 || >=1.18.7',
    note: `${ENDED} (kubernetes/k8s.io, k8s.gcr.io/Vanity-Domain-Flip.md): of Kubernetes no 1.19, and no patch after 1.16.13, 1.17.9 and 1.18.6; registry.k8s.io has it`,
  },
  { names: ['pause'], versions: '>=3.4', note: `${ENDED}: no pause after 3.3; registry.k8s.io has it` },
  { names: ['etcd'], versions: '>=3.4.10', note: `${ENDED}: no etcd after 3.4.9; registry.k8s.io has it` },
  {
    names: ['coredns', 'coredns/coredns'],
    versions: '>=1.7.1',
    note: `${ENDED}: no CoreDNS after 1.7.0; registry.k8s.io has it`,
  },
]

/** Two ways to spell a project whose names ended before the others. */
const OLDER = ['google-containers', 'google_containers']
const REGIONS = ['us', 'eu', 'asia']
const LATER_NAMES = [
  ...REGIONS.map((region) => `${region}.gcr.io/k8s-artifacts-prod`),
  // One in each region that the new name is served from.
  '*-docker.pkg.dev/k8s-artifacts-prod/images',
]

const moveOf = (from: string, lost: readonly Lost[]) => ({
  from,
  to: 'registry.k8s.io',
  renames: RENAMES,
  lost,
})

/** The move of the Kubernetes images from `k8s.gcr.io` and its aliases to `registry.k8s.io`. */
export const KUBERNETES_MAP: MapData = {
  moves: [
    // All names of the same content; the first is the one to which a way back leads.
    moveOf('k8s.gcr.io', LOST),
    ...OLDER.map((project) => moveOf(`gcr.io/${project}`, LOST_EARLIER)),
    ...LATER_NAMES.map((from) => moveOf(from, LOST)),
    ...REGIONS.flatMap((region) =>
      OLDER.map((project) => moveOf(`${region}.gcr.io/${project}`, LOST_EARLIER)),
    ),
  ],
  related: [
    {
      from: 'gcr.io/k8s-staging-*',
      note: 'a staging project: what is in it is deleted after some weeks; released images are at registry.k8s.io',
    },
    { from: 'registry-sandbox.k8s.io', note: 'a try-out of registry.k8s.io, which is the one to use' },
    {
      from: 'prod-registry-k8s-io-*.s3.dualstack.*.amazonaws.com',
      note: 'a store behind registry.k8s.io, which may go at any time; pull from registry.k8s.io',
    },
    {
      from: 'cdn.registry.k8s.io',
      note: 'a store behind registry.k8s.io, which may go at any time; pull from registry.k8s.io',
    },
  ],
}
