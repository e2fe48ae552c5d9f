import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { KUBERNETES_MAP } from '../../../src/migrate/builtin-map.ts'
import { examineText } from '../../../src/migrate/examine.ts'
import { createMap } from '../../../src/migrate/map.ts'
import { content, reasons, scan, shown } from '../../support/cluster-scan.ts'
import {
  type ApiObject,
  failure,
  type ScriptedCluster,
  type ScriptedClusterOptions,
  startScriptedCluster,
} from '../../support/scripted-cluster.ts'
import { json } from '../../support/scripted-registry.ts'

const PAUSE = 'k8s.gcr.io/pause:3.5'
const CASES = join(import.meta.dirname, '../../fixtures/migrate/cases')

type Owner = readonly [kind: string, name: string]

/** The metadata of an object in the namespace `shop`. */
const meta = (name: string, owner?: Owner, more: object = {}) => ({
  ...{ name, namespace: 'shop', ...more },
  ...(owner && { ownerReferences: [{ kind: owner[0], name: owner[1], controller: true }] }),
})
const KINDS = {
  'monitoring.coreos.com/v1/prometheuses': { kind: 'Prometheus' },
  'operator.tigera.io/v1/installations': { kind: 'Installation', isClusterWide: true },
} as const
const prometheus = (spec: object, more: object = {}, owner?: Owner): ApiObject => ({
  ...{ apiVersion: 'monitoring.coreos.com/v1', kind: 'Prometheus', metadata: meta('main', owner), spec },
  ...more,
})
const PROMETHEUSES = '/apis/monitoring.coreos.com/v1/prometheuses'

/** A cluster with these objects of one kind, and whatever else there is. */
const withPrometheus = (
  objects: readonly ApiObject[],
  { content: more = {}, ...options }: ScriptedClusterOptions = {},
) =>
  startScriptedCluster({
    kinds: KINDS,
    content: content({ 'monitoring.coreos.com/v1/prometheuses': objects, ...more }),
    ...options,
  })

/** An object that is listed by itself, whatever its kind. */
async function scanObject(object: { apiVersion: string; kind: string; metadata: { name: string } }) {
  const key = `${object.apiVersion}/${object.kind.toLowerCase()}s`
  await using cluster = await startScriptedCluster({
    kinds: { [key]: { kind: object.kind, isClusterWide: true } },
    content: content({ [key]: [object as ApiObject] }),
  })
  return await scan(cluster)
}

describe('custom resources', () => {
  it('give what is a reference as a whole, under any key', async () => {
    const script = `#!/bin/sh\ndocker pull k8s.gcr.io/inner:1\n`
    await using cluster = await withPrometheus([
      prometheus({
        anything: PAUSE,
        list: ['k8s.gcr.io/listed:1'],
        args: ['--flag=k8s.gcr.io/flag:1'],
        image: { repository: 'k8s.gcr.io/split', tag: 'v2' },
        setup: script,
        note: 'we left k8s.gcr.io/pause:3.1 behind',
        template: { spec: { containers: [{ name: 'app', image: 'k8s.gcr.io/contained:1' }] } },
      }),
    ])
    const result = await scan(cluster)
    expect(shown(result).sort()).toEqual([
      'Prometheus/shop/main container app: k8s.gcr.io/contained:1',
      'Prometheus/shop/main spec.anything: k8s.gcr.io/pause:3.5',
      'Prometheus/shop/main spec.args: k8s.gcr.io/flag:1',
      'Prometheus/shop/main spec.image.repository: k8s.gcr.io/split:v2',
      'Prometheus/shop/main spec.list: k8s.gcr.io/listed:1',
      expect.stringMatching(/^Prometheus\/shop\/main spec\.setup: .*: k8s\.gcr\.io\/inner:1$/),
    ])
    expect(result).toMatchObject({
      ...{ objects: 1, customKinds: 1, notRead: [], partlyRead: [] },
      mentions: [{ path: 'cluster/test/Prometheus/shop/main', count: 1, line: 1 }],
    })
    for (const { edits, note } of result.findings)
      expect({ edits, note }).toEqual({ edits: [], note: expect.stringContaining('applied from') })
  })

  it.each(['19-crds/app.yaml', '03-blocked/constraint.yaml'])(
    'say the same as their manifests: %s',
    async (name) => {
      const text = await readFile(join(CASES, name), 'utf8')
      for (const document of parseAllDocuments(text)) {
        const object = document.toJS()
        const manifest = { path: 'a.yaml', text: JSON.stringify(object, null, 1) }
        const { findings } = examineText(manifest, { map: createMap(KUBERNETES_MAP) })
        const said = ({
          findings: all,
        }: {
          findings: readonly { verdict: string; owner: string; written: string }[]
        }) => all.map(({ verdict, owner, written }) => `${verdict} ${owner} ${written}`).sort()
        expect(said(await scanObject(object))).toEqual(said({ findings }))
        expect(findings.length).toBeGreaterThan(0)
      }
    },
  )

  it('leave out the status, managed fields, and copies of what was applied', async () => {
    const applied = JSON.stringify(prometheus({ image: 'k8s.gcr.io/applied:1' }))
    const object = prometheus({ image: PAUSE }, { status: { image: 'k8s.gcr.io/status:1' } })
    const annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': applied,
      'kapp.k14s.io/original': applied,
      'acme.example/sidecar': 'k8s.gcr.io/sidecar:1',
    }
    const managedFields = [{ manager: 'k8s.gcr.io/manager:1', fieldsV1: { 'f:image': 'k8s.gcr.io/field:1' } }]
    const metadata = { ...object.metadata, annotations, managedFields }
    await using cluster = await withPrometheus([{ ...object, metadata }])
    expect(shown(await scan(cluster))).toEqual([
      'Prometheus/shop/main metadata.annotations.acme.example/sidecar: k8s.gcr.io/sidecar:1',
      `Prometheus/shop/main spec.image: ${PAUSE}`,
    ])
  })

  it('are the finding, and not the workloads and pods that come of them', async () => {
    const template = { spec: { template: { spec: { containers: [{ name: 'prometheus', image: PAUSE }] } } } }
    const pod = (index: number) => ({
      metadata: meta(`main-${index}`, ['StatefulSet', 'main']),
      spec: {
        containers: [
          { name: 'prometheus', image: PAUSE },
          { name: 'own', image: 'k8s.gcr.io/own:1' },
        ],
      },
    })
    await using cluster = await withPrometheus([prometheus({ image: PAUSE })], {
      content: {
        'apps/v1/statefulsets': [{ metadata: meta('main', ['Prometheus', 'main']), ...template }],
        'v1/pods': [pod(0), pod(1)],
      },
    })
    expect(shown(await scan(cluster))).toEqual([
      'Prometheus/shop/main container own: k8s.gcr.io/own:1 (2)',
      `Prometheus/shop/main spec.image: ${PAUSE} (2)`,
    ])
  })

  it('in no namespace control what is in one', async () => {
    await using cluster = await startScriptedCluster({
      kinds: KINDS,
      content: content({
        'operator.tigera.io/v1/installations': [
          { kind: 'Installation', metadata: { name: 'default' }, spec: { image: PAUSE } },
        ],
        'v1/pods': [
          {
            metadata: meta('x', ['Installation', 'default']),
            spec: { containers: [{ name: 'a', image: PAUSE }] },
          },
        ],
      }),
    })
    expect(shown(await scan(cluster))).toEqual([`Installation/default spec.image: ${PAUSE} (1)`])
  })

  it('that are made by others are said of those, once', async () => {
    const config = (index: number) => ({
      metadata: meta(`node-${index}`, ['Machine', `node-${index}`]),
      spec: { clusterConfiguration: { imageRepository: 'k8s.gcr.io' } },
    })
    const machine = (index: number) => ({
      metadata: meta(`node-${index}`, ['MachineSet', 'nodes']),
      spec: {},
    })
    const group = 'cluster.x-k8s.io/v1beta1'
    await using cluster = await startScriptedCluster({
      kinds: {
        [`${group}/machines`]: { kind: 'Machine' },
        'bootstrap.cluster.x-k8s.io/v1beta1/kubeadmconfigs': { kind: 'KubeadmConfig' },
      },
      content: content({
        [`${group}/machines`]: [machine(1), machine(2)],
        'bootstrap.cluster.x-k8s.io/v1beta1/kubeadmconfigs': [config(1), config(2)],
      }),
    })
    const result = await scan(cluster)
    expect(shown(result)).toEqual(['MachineSet/shop/nodes KubeadmConfig imageRepository: k8s.gcr.io'])
    expect(result.findings[0]!.note).toMatch(/another object controls what names it/)
  })

  it('that are copied into each namespace are said once', async () => {
    const version = (namespace: string, labels: object = {}) => ({
      metadata: { name: 'acme.v1', namespace, labels },
      spec: { relatedImages: [{ name: 'pause', image: PAUSE }] },
    })
    const copies = ['shop', 'bank'].map((name) => version(name, { 'olm.copiedFrom': 'operators' }))
    const key = 'operators.coreos.com/v1alpha1/clusterserviceversions'
    await using cluster = await startScriptedCluster({
      kinds: { [key]: { kind: 'ClusterServiceVersion' } },
      content: content({ [key]: [...copies, version('operators')] }),
    })
    expect(shown(await scan(cluster))).toEqual([
      expect.stringMatching(/^ClusterServiceVersion\/operators\/acme\.v1 .*: k8s\.gcr\.io\/pause:3\.5$/),
    ])
  })

  it.each([
    {
      kind: 'ImageDigestMirrorSet',
      apiVersion: 'config.openshift.io/v1',
      spec: { imageDigestMirrors: [{ source: 'k8s.gcr.io', mirrors: ['registry.k8s.io'] }] },
    },
    {
      kind: 'ImageTagMirrorSet',
      apiVersion: 'config.openshift.io/v1',
      spec: { imageTagMirrors: [{ mirrors: ['registry.k8s.io'], source: 'k8s.gcr.io' }] },
    },
    {
      kind: 'ImageContentSourcePolicy',
      apiVersion: 'operator.openshift.io/v1alpha1',
      spec: { repositoryDigestMirrors: [{ source: 'k8s.gcr.io/pause', mirrors: ['registry.k8s.io/pause'] }] },
    },
  ])('that redirect the old name are no finding: $kind', async (object) => {
    const { findings } = await scanObject({ ...object, metadata: { name: 'x' } })
    expect(findings).toEqual([])
  })

  it.each([
    [
      'related',
      /^this bans the old name k8s\.gcr\.io$/,
      {
        kind: 'Image',
        apiVersion: 'config.openshift.io/v1',
        spec: { registrySources: { blockedRegistries: ['k8s.gcr.io'] } },
      },
    ],
    [
      'moved',
      /will refuse registry\.k8s\.io/,
      {
        kind: 'Image',
        apiVersion: 'config.openshift.io/v1',
        spec: { registrySources: { allowedRegistries: ['k8s.gcr.io', 'quay.io'] } },
      },
    ],
    [
      'moved',
      /will refuse registry\.k8s\.io/,
      {
        kind: 'ClusterPolicy',
        apiVersion: 'kyverno.io/v1',
        spec: {
          rules: [
            { validate: { pattern: { spec: { containers: [{ image: 'k8s.gcr.io/* | quay.io/*' }] } } } },
          ],
        },
      },
    ],
    [
      'related',
      /^this bans the old name/,
      {
        kind: 'ClusterPolicy',
        apiVersion: 'kyverno.io/v1',
        spec: { rules: [{ validate: { pattern: { spec: { containers: [{ image: '!k8s.gcr.io/*' }] } } } }] },
      },
    ],
    [
      'moved',
      /will refuse registry\.k8s\.io/,
      {
        kind: 'K8sAllowedRepos',
        apiVersion: 'constraints.gatekeeper.sh/v1beta1',
        spec: { parameters: { repos: ['k8s.gcr.io/'] } },
      },
    ],
  ] as const)('that say what may be pulled are %s, with what that means', async (verdict, note, object) => {
    const { findings } = await scanObject({ ...object, metadata: { name: 'x' } })
    expect(findings).toMatchObject([{ verdict, note: expect.stringMatching(note), edits: [] }])
    expect(findings[0]!.guard).toBeDefined()
  })
})

describe('kinds of custom resources', () => {
  it('are asked for once, in the version that their group prefers', async () => {
    await using cluster = await startScriptedCluster({
      kinds: {
        'acme.example/v1/things': { kind: 'Thing' },
        'acme.example/v1beta1/things': { kind: 'Thing' },
      },
      content: content({
        'acme.example/v1/things': [{ metadata: meta('x'), spec: { image: PAUSE } }],
        'acme.example/v1beta1/things': [{ metadata: meta('x'), spec: { image: PAUSE } }],
        'acme.example/v1beta1/others': [{ metadata: meta('y'), spec: { image: PAUSE } }],
      }),
    })
    const result = await scan(cluster)
    expect(result).toMatchObject({ objects: 2, customKinds: 2, notRead: [] })
    expect(cluster.requests.filter((path) => path.includes('/things'))).toEqual([
      '/apis/acme.example/v1/things?limit=500',
    ])
  })

  it('are asked for in another version when what converts to one is down', async () => {
    const objects = [{ metadata: meta('x'), spec: { image: PAUSE } }]
    await using cluster = await startScriptedCluster({
      content: content({ 'acme.example/v1/things': objects, 'acme.example/v1beta1/things': objects }),
    })
    cluster.script('/apis/acme.example/v1/things', failure(500))
    expect(await scan(cluster)).toMatchObject({ objects: 1, notRead: [], findings: [{ written: PAUSE }] })
  })

  it("are not Kubernetes' own, nor what scanners and registries wrote down", async () => {
    const object = { metadata: meta('x'), spec: { image: PAUSE } }
    const keys = [
      ...['networking.k8s.io/v1/ingresses', 'metrics.k8s.io/v1beta1/pods', 'wgpolicyk8s.io/v1/policyreports'],
      ...['aquasecurity.github.io/v1/vulnerabilityreports', 'image.openshift.io/v1/images'],
      'packages.operators.coreos.com/v1/packagemanifests',
    ]
    await using cluster = await startScriptedCluster({
      content: content({
        ...Object.fromEntries(keys.map((key) => [key, [object]])),
        'gateway.networking.k8s.io/v1/gateways': [object],
        'apps.openshift.io/v1/deploymentconfigs': [object],
      }),
    })
    expect(await scan(cluster)).toMatchObject({ customKinds: 2, objects: 2, notRead: [] })
  })

  it.each<[string, (cluster: ScriptedCluster) => void, RegExp | undefined]>([
    ['taken away meanwhile', (cluster) => cluster.script(PROMETHEUSES, failure(404)), undefined],
    [
      'whose group is taken away meanwhile',
      (cluster) => cluster.script('/apis/monitoring.coreos.com/v1', failure(404)),
      undefined,
    ],
    [
      'that may not be listed',
      (cluster) => cluster.script(PROMETHEUSES, failure(403)),
      /^cannot list prometheuses\.monitoring\.coreos\.com: needs the right to list/,
    ],
    [
      'whose server is down',
      (cluster) => cluster.script('/apis/monitoring.coreos.com/v1', failure(503)),
      /^cannot ask for kinds of monitoring\.coreos\.com\/v1: the API server answered 503/,
    ],
    [
      'whose pages expire each time',
      (cluster) => cluster.script(PROMETHEUSES, failure(410)),
      /^cannot list prometheuses\.monitoring\.coreos\.com: its pages expired 4 times/,
    ],
    [
      'whose list never ends',
      (cluster) => {
        let token = 0
        cluster.script(PROMETHEUSES, (request, response) => {
          json({ metadata: { continue: String(++token) }, items: [] })(request, response)
        })
      },
      /^cannot list prometheuses\.monitoring\.coreos\.com: it has more than 40 pages/,
    ],
    [
      'with an object that is too large',
      (cluster) =>
        cluster.script(PROMETHEUSES, json({ items: [{ metadata: { name: 'x'.repeat(200_000) } }] })),
      /^cannot list prometheuses\.monitoring\.coreos\.com: one object alone is too large/,
    ],
    [
      'of what are no objects',
      (cluster) => cluster.script(PROMETHEUSES, json({ items: [null, 1, { metadata: {} }] })),
      /^3 objects have a form that is not known/,
    ],
    [
      'that discovery says nonsense of',
      (cluster) => cluster.script('/apis/monitoring.coreos.com/v1', json({ resources: 1 })),
      /^cannot ask for kinds of monitoring\.coreos\.com\/v1: the answer is no list/,
    ],
  ])('%s do not keep others from being read', async (_, misbehave, reason) => {
    await using cluster = await withPrometheus([prometheus({ image: PAUSE })], {
      content: {
        'operator.tigera.io/v1/installations': [{ metadata: { name: 'default' }, spec: { image: PAUSE } }],
      },
    })
    misbehave(cluster)
    const limits = { pagesMax: 40, objectsMax: 100, bodyMaxBytes: 100_000 }
    const result = await scan(cluster, {}, { limits })
    expect(shown(result)).toContain(`Installation/default spec.image: ${PAUSE}`)
    expect(reasons(result)).toEqual(reason === undefined ? [] : [expect.stringMatching(reason)])
  })

  it('begin again when their next page has expired, and count nothing twice', async () => {
    const objects = Array.from({ length: 7 }, (_, index) => ({
      metadata: meta(`p${index}`),
      spec: { image: PAUSE, about: 'it was k8s.gcr.io/x once' },
    }))
    let pages = 0
    await using cluster = await withPrometheus(objects, {
      pageSize: 3,
      refuse: ({ resource }) => {
        if (resource === 'prometheuses' && ++pages === 3) cluster.forget()
        return undefined
      },
    })
    const result = await scan(cluster)
    expect(result).toMatchObject({ objects: 7, notRead: [] })
    expect([result.findings.length, result.mentions.length]).toEqual([7, 7])
  })

  it('have a time together; those behind it are counted', async () => {
    await using cluster = await withPrometheus([prometheus({ image: PAUSE })], {
      content: { 'operator.tigera.io/v1/installations': [], 'acme.example/v1/things': [] },
    })
    let time = 0
    cluster.script(PROMETHEUSES, [
      (request, response) => {
        time = 700_000
        json({ items: [prometheus({ image: PAUSE })], metadata: { continue: 'x' } })(request, response)
      },
    ])
    const { systemClock } = await import('../../../src/adapters/clock.ts')
    const runtime = { ...systemClock, now: () => time, random: () => 0, userAgent: 'portolan/test' }
    const result = await scan(cluster, {}, { runtime })
    expect(shown(result)).toEqual([`Prometheus/shop/main spec.image: ${PAUSE}`])
    expect(reasons(result)).toEqual([
      'cannot list prometheuses.monitoring.coreos.com: custom resources took longer than 600 s',
      'cannot list 2 kinds, installations the first: custom resources took longer than 600 s',
    ])
  })

  it('that nest deeper than any reader goes are named as not fully read', async () => {
    const nested = `${'{"a":'.repeat(3000)}"${PAUSE}"${'}'.repeat(3000)}`
    await using cluster = await withPrometheus([])
    cluster.script(PROMETHEUSES, (_, response) => {
      response.end(`{"items":[{"metadata":{"name":"deep","namespace":"shop"},"spec":${nested}}]}`)
    })
    const { partlyRead } = await scan(cluster)
    expect(partlyRead).toEqual([
      {
        path: 'cluster/test/Prometheus/shop/deep',
        line: 1,
        reason: expect.stringContaining('nested too deeply'),
      },
    ])
  })
})

describe('an account with few rights on custom resources', () => {
  const shops = { 'v1/namespaces': [{ metadata: { name: 'shop' } }, { metadata: { name: 'secret' } }] }

  it('is tried in each namespace, and told what it lacks', async () => {
    await using cluster = await withPrometheus([prometheus({ image: PAUSE })], {
      content: { ...shops, 'operator.tigera.io/v1/installations': [] },
      refuse: ({ resource, namespace }) =>
        resource === 'installations' || (resource === 'prometheuses' && namespace !== 'shop')
          ? 403
          : undefined,
    })
    const result = await scan(cluster)
    expect(shown(result)).toEqual([`Prometheus/shop/main spec.image: ${PAUSE}`])
    expect(reasons(result)).toEqual([
      'cannot list prometheuses.monitoring.coreos.com in secret: needs the right to list prometheuses.monitoring.coreos.com there',
      'cannot list installations.operator.tigera.io: needs the right to list installations.operator.tigera.io',
    ])
  })

  it('is asked for no more in each namespace once it was refused too often', async () => {
    const kinds = Array.from({ length: 5 }, (_, index) => `acme.example/v1/thing${index}s`)
    await using cluster = await startScriptedCluster({
      content: content({ ...shops, ...Object.fromEntries(kinds.map((key) => [key, []])) }),
      refuse: ({ path }) => (path.includes('/thing') ? 403 : undefined),
    })
    const result = await scan(cluster, {}, { limits: { refusalsMax: 3 } })
    expect(cluster.requests.filter((path) => path.includes('/thing'))).toHaveLength(5 + 3)
    expect(reasons(result)).toEqual([
      expect.stringMatching(/^cannot list thing0s\.acme\.example in shop, secret: needs the right/),
      expect.stringMatching(/^cannot list thing1s\.acme\.example in shop: needs the right/),
      'cannot list thing1s.acme.example in secret: it was not tried: too many lists were refused before',
      ...[2, 3, 4].map((index) =>
        expect.stringContaining(`cannot list thing${index}s.acme.example: needs the right`),
      ),
    ])
  })

  it('gets those in the namespaces that it asked for, and none that are in none', async () => {
    const elsewhere = { ...prometheus({ image: PAUSE }), metadata: { name: 'x', namespace: 'secret' } }
    await using cluster = await withPrometheus([prometheus({ image: PAUSE }), elsewhere], {
      content: {
        ...shops,
        'operator.tigera.io/v1/installations': [{ metadata: { name: 'x' }, spec: { image: PAUSE } }],
      },
    })
    expect(shown(await scan(cluster, { namespaces: ['shop'] }))).toEqual([
      `Prometheus/shop/main spec.image: ${PAUSE}`,
    ])
    expect(cluster.requests.filter((path) => path.includes('/installations'))).toEqual([])
  })
})
