import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { makeCertificates, noCertificates } from '../../support/certificates.ts'
import { content, reasons, scan, shown } from '../../support/cluster-scan.ts'
import { stalled, truncated } from '../../support/list-server.ts'
import { findFreePort } from '../../support/ports.ts'
import {
  type ApiObject,
  failure,
  type ScriptedCluster,
  startScriptedCluster,
} from '../../support/scripted-cluster.ts'
import { json } from '../../support/scripted-registry.ts'

/** 50 MB in 50 kB. */
const BOMB = gzipSync(Buffer.alloc(50_000_000))
const PAUSE = 'k8s.gcr.io/pause:3.5'

const meta = (name: string, namespace = 'shop', controller?: readonly [kind: string, name: string]) => ({
  name,
  namespace,
  ...(controller && { ownerReferences: [{ kind: controller[0], name: controller[1], controller: true }] }),
})
const container = (image: string, more: object = {}) => ({ name: 'app', image, ...more })
const podSpec = (...images: string[]) => ({ containers: images.map((image) => container(image)) })
const workload = (metadata: ApiObject['metadata'], spec: object): ApiObject => ({
  metadata,
  spec: { template: { spec } },
})
const pod = (metadata: ApiObject['metadata'], spec: object = podSpec(PAUSE)): ApiObject => ({
  metadata,
  spec,
  status: { phase: 'Running', containerStatuses: [{ name: 'app', image: 'sha256:0000' }] },
})
const pods = (count: number, controller?: readonly [string, string], namespace = 'shop') =>
  Array.from({ length: count }, (_, index) => pod(meta(`pod-${index}`, namespace, controller)))
const namespace = (name: string): ApiObject => ({ metadata: { name } })

describe('a live cluster', () => {
  it('gives every kind that has a pod template, with its owner', async () => {
    const template = podSpec(PAUSE)
    await using cluster = await startScriptedCluster({
      content: content({
        'apps/v1/deployments': [workload(meta('web'), template)],
        'apps/v1/daemonsets': [workload(meta('agent'), template)],
        'apps/v1/statefulsets': [workload(meta('db'), template)],
        'apps/v1/replicasets': [workload(meta('bare'), template)],
        'v1/replicationcontrollers': [workload(meta('old'), template)],
        'batch/v1/cronjobs': [
          { metadata: meta('nightly'), spec: { jobTemplate: { spec: { template: { spec: template } } } } },
        ],
        'batch/v1/jobs': [workload(meta('once'), template)],
        'v1/pods': [pod(meta('alone'))],
      }),
    })
    const result = await scan(cluster)
    expect(shown(result)).toEqual(
      [
        ...[
          'CronJob/shop/nightly',
          'DaemonSet/shop/agent',
          'Deployment/shop/web',
          'Job/shop/once',
          'Pod/shop/alone',
        ],
        ...['ReplicaSet/shop/bare', 'ReplicationController/shop/old', 'StatefulSet/shop/db'],
      ].map((owner) => `${owner} container app: ${PAUSE}`),
    )
    expect(result).toMatchObject({ context: 'test', server: cluster.origin, notRead: [], objects: 8 })
    expect(result.findings[2]).toMatchObject({
      ...{
        path: 'cluster/test',
        line: 1,
        column: 1,
        format: 'kubernetes',
        confidence: 'certain',
        verdict: 'moved',
      },
      ...{
        replacement: 'registry.k8s.io/pause:3.5',
        edits: [],
        note: expect.stringContaining('where it is applied from'),
      },
    })
  })

  it('makes one finding of a Deployment with 50 pods, whatever stands between', async () => {
    await using cluster = await startScriptedCluster({
      content: content({
        'apps/v1/deployments': [workload(meta('web'), podSpec(PAUSE))],
        'apps/v1/replicasets': [
          workload(meta('web-5d', 'shop', ['Deployment', 'web']), podSpec(PAUSE)),
          workload(meta('web-4c', 'shop', ['Deployment', 'web']), podSpec('k8s.gcr.io/older:1')),
        ],
        'v1/pods': pods(50, ['ReplicaSet', 'web-5d']),
      }),
    })
    expect(shown(await scan(cluster))).toEqual([`Deployment/shop/web container app: ${PAUSE} (50)`])
  })

  it('makes one finding of a CronJob with the pods of its Jobs', async () => {
    await using cluster = await startScriptedCluster({
      content: content({
        'batch/v1/cronjobs': [
          {
            metadata: meta('nightly'),
            spec: { jobTemplate: { spec: { template: { spec: podSpec(PAUSE) } } } },
          },
        ],
        'batch/v1/jobs': ['nightly-1', 'nightly-2'].map((name) =>
          workload(meta(name, 'shop', ['CronJob', 'nightly']), podSpec(PAUSE)),
        ),
        'v1/pods': ['nightly-1', 'nightly-2'].map((job) => pod(meta(`${job}-x`, 'shop', ['Job', job]))),
      }),
    })
    expect(shown(await scan(cluster))).toEqual([`CronJob/shop/nightly container app: ${PAUSE} (2)`])
  })

  it('tells what pods run though the template of their owner does not name it', async () => {
    await using cluster = await startScriptedCluster({
      content: content({
        'apps/v1/deployments': [workload(meta('web'), podSpec('registry.k8s.io/pause:3.5'))],
        'apps/v1/replicasets': [workload(meta('web-4c', 'shop', ['Deployment', 'web']), podSpec(PAUSE))],
        'v1/pods': pods(2, ['ReplicaSet', 'web-4c']),
      }),
    })
    const result = await scan(cluster)
    expect(shown(result)).toEqual([`Deployment/shop/web container app: ${PAUSE} (2)`])
    expect(result.findings[0]!.note).toMatch(/though its template does not name it/)
  })

  it('names what controls pods though it is no kind that is read', async () => {
    await using cluster = await startScriptedCluster({
      content: content({ 'v1/pods': pods(3, ['Rollout', 'web']) }),
    })
    const result = await scan(cluster)
    expect(shown(result)).toEqual([`Rollout/shop/web container app: ${PAUSE} (3)`])
    expect(result.findings[0]!.note).toMatch(/where it is applied from/)
  })

  it('looks into init and ephemeral containers, image volumes, arguments and variables', async () => {
    await using cluster = await startScriptedCluster({
      content: content({
        'v1/pods': [
          pod(meta('all'), {
            initContainers: [container('k8s.gcr.io/init:1')],
            containers: [
              container('docker.io/library/nginx:1', {
                args: ['--pause-image=k8s.gcr.io/pause:3.1', '--verbose'],
                env: [
                  { name: 'RELATED_IMAGE_DNS', value: 'k8s.gcr.io/dns:1' },
                  { name: 'IP', valueFrom: {} },
                ],
              }),
            ],
            ephemeralContainers: [container('k8s.gcr.io/debug:1')],
            volumes: [
              { name: 'model', image: { reference: 'k8s.gcr.io/model:1' } },
              { name: 'tmp', emptyDir: {} },
            ],
          }),
        ],
      }),
    })
    expect(shown(await scan(cluster))).toEqual([
      'Pod/shop/all container app RELATED_IMAGE_DNS: k8s.gcr.io/dns:1',
      'Pod/shop/all container app: k8s.gcr.io/pause:3.1',
      'Pod/shop/all ephemeral container app: k8s.gcr.io/debug:1',
      'Pod/shop/all init container app: k8s.gcr.io/init:1',
      'Pod/shop/all volume model: k8s.gcr.io/model:1',
    ])
  })

  it('names static pods and their node', async () => {
    const mirror = {
      ...meta('etcd-cp1', 'kube-system', ['Node', 'cp1']),
      annotations: { 'kubernetes.io/config.mirror': '0a' },
    }
    await using cluster = await startScriptedCluster({
      content: content({
        'v1/pods': [pod(mirror, { nodeName: 'cp1', ...podSpec('k8s.gcr.io/etcd:3.5.0-0') })],
      }),
    })
    const result = await scan(cluster)
    expect(shown(result)).toEqual([
      'Pod/kube-system/etcd-cp1 (static, node cp1) container app: k8s.gcr.io/etcd:3.5.0-0',
    ])
    expect(result.findings[0]!.note).toMatch(/on that node/)
  })

  it('passes over what has ended and pulls nothing any more', async () => {
    const ended = { status: { phase: 'Succeeded' } }
    const failed = { status: { phase: 'Failed' } }
    const complete = { status: { conditions: [{ type: 'Complete', status: 'True' }] } }
    await using cluster = await startScriptedCluster({
      content: content({
        'batch/v1/jobs': [{ ...workload(meta('done'), podSpec(PAUSE)), ...complete }],
        'v1/pods': [
          { ...pod(meta('done-x', 'shop', ['Job', 'done'])), ...ended },
          { ...pod(meta('evicted')), ...failed },
        ],
      }),
    })
    expect(shown(await scan(cluster))).toEqual([])
  })

  it("reads kubeadm's config", async () => {
    await using cluster = await startScriptedCluster({
      content: content({
        'v1/configmaps': [
          {
            metadata: { name: 'kubeadm-config', namespace: 'kube-system' },
            data: {
              ClusterConfiguration:
                'apiVersion: kubeadm.k8s.io/v1beta2\nkind: ClusterConfiguration\nimageRepository: k8s.gcr.io\n',
            },
          },
        ],
      }),
    })
    const result = await scan(cluster)
    expect(result.findings).toMatchObject([
      {
        ...{ format: 'kubeadm', written: 'k8s.gcr.io', replacement: 'registry.k8s.io', edits: [] },
        owner: 'ConfigMap/kube-system/kubeadm-config ClusterConfiguration imageRepository',
      },
    ])
  })

  it('that is old lacks groups of the API, and has CronJobs in the beta', async () => {
    const spec = { jobTemplate: { spec: { template: { spec: podSpec(PAUSE) } } } }
    await using cluster = await startScriptedCluster({
      content: {
        'batch/v1beta1/cronjobs': [{ metadata: meta('nightly'), spec }],
        'v1/pods': [],
        'v1/replicationcontrollers': [],
      },
    })
    const result = await scan(cluster)
    expect(shown(result)).toEqual([`CronJob/shop/nightly container app: ${PAUSE}`])
    expect(result.notRead).toEqual([])
  })
})

describe('lists', () => {
  it('are read page by page over one connection', async () => {
    await using cluster = await startScriptedCluster({
      content: content({ 'v1/pods': pods(23, ['ReplicaSet', 'web']) }),
      pageSize: 5,
    })
    const result = await scan(cluster)
    expect(shown(result)).toEqual([`ReplicaSet/shop/web container app: ${PAUSE} (23)`])
    expect(cluster.requests.filter((path) => path.startsWith('/api/v1/pods?limit=500'))).toHaveLength(5)
    expect(cluster.connections).toBe(1)
  })

  it('begin again when their next page has expired, and count nothing twice', async () => {
    await using cluster = await startScriptedCluster({
      content: content({ 'v1/pods': pods(23, ['ReplicaSet', 'web']) }),
      pageSize: 5,
    })
    let pages = 0
    await using forgetful = await startScriptedCluster({
      content: content({ 'v1/pods': pods(23, ['ReplicaSet', 'web']) }),
      pageSize: 5,
      refuse: ({ resource }) => {
        if (resource === 'pods' && ++pages === 3) forgetful.forget()
        return undefined
      },
    })
    const result = await scan(forgetful)
    expect(shown(result)).toEqual(shown(await scan(cluster)))
    expect(forgetful.requests.filter((path) => path.startsWith('/api/v1/pods'))).toHaveLength(2 + 1 + 5)
    expect(result).toMatchObject({ objects: 23, notRead: [] })
  })

  it.each<[string, (cluster: ScriptedCluster) => void, RegExp]>([
    [
      'whose pages expire each time',
      (cluster) => cluster.script('/api/v1/pods', failure(410)),
      /^cannot list pods: its pages expired 4 times/,
    ],
    [
      'whose pages go in circles',
      (cluster) => cluster.script('/api/v1/pods', json({ metadata: { continue: 'again' }, items: [] })),
      /^cannot list pods: its pages lead back/,
    ],
    [
      'that never end',
      (cluster) => {
        let token = 0
        cluster.script('/api/v1/pods', (request, response) => {
          json({ metadata: { continue: String(++token) }, items: [] })(request, response)
        })
      },
      /^cannot list pods: it has more than 40 pages/,
    ],
    [
      'with too many objects',
      (cluster) => cluster.script('/api/v1/pods', json({ metadata: { continue: 'x' }, items: pods(101) })),
      /^cannot list pods: it has more than 100 objects/,
    ],
    [
      'with one object that is too large',
      (cluster) =>
        cluster.script('/api/v1/pods', json({ items: [{ metadata: { name: 'x'.repeat(200_000) } }] })),
      /^cannot list pods: one object alone is too large/,
    ],
    [
      'with one object that holds far more than its bytes',
      (cluster) => cluster.script('/api/v1/pods', json({ items: [Array(20_000).fill([])] })),
      /^cannot list pods: one object alone is too large/,
    ],
    [
      'that unpack to far too much',
      (cluster) =>
        cluster.script('/api/v1/pods', (_, response) => {
          response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(BOMB)
        }),
      /^cannot list pods: one object alone is too large/,
    ],
    [
      'that are not JSON',
      (cluster) => cluster.script('/api/v1/pods', (_, response) => void response.end('{"items": [')),
      /^cannot list pods: the answer is not JSON/,
    ],
    [
      'that are no list',
      (cluster) => cluster.script('/api/v1/pods', json({ items: 1 })),
      /^cannot list pods: the answer is no list/,
    ],
    [
      'of what are no objects',
      (cluster) => cluster.script('/api/v1/pods', json({ items: [null, 1, { metadata: {} }, ...pods(1)] })),
      /^3 objects have a form that is not known/,
    ],
    [
      'that break off each time',
      (cluster) => cluster.script('/api/v1/pods', truncated('{"items": [')),
      /^cannot list pods: /,
    ],
    [
      'that stall in the middle',
      (cluster) => cluster.script('/api/v1/pods', stalled('{"items": [')),
      /^cannot list pods: nothing came for 0.5 s/,
    ],
    [
      'that fail each time',
      (cluster) => cluster.script('/api/v1/pods', failure(500)),
      /^cannot list pods: the API server answered 500 \(scripted 500\)/,
    ],
    [
      'that are asked for too often',
      (cluster) => cluster.script('/api/v1/pods', failure(429, { 'Retry-After': '0' })),
      /^cannot list pods: the API server answered 429 \(scripted 429\)/,
    ],
    [
      'that are not there',
      (cluster) => cluster.script('/api/v1/pods', failure(404)),
      /^cannot list pods: the API server has none/,
    ],
  ])('%s are reported as not read, and the others are read', async (_, misbehave, reason) => {
    await using cluster = await startScriptedCluster({
      content: content({ 'apps/v1/deployments': [workload(meta('web'), podSpec(PAUSE))] }),
    })
    misbehave(cluster)
    const limits = { pagesMax: 40, objectsMax: 100, bodyMaxBytes: 100_000, bodyMaxValues: 20_000 }
    const result = await scan(cluster, {}, { limits })
    expect(shown(result)).toContain(`Deployment/shop/web container app: ${PAUSE}`)
    expect(reasons(result)).toEqual([expect.stringMatching(reason)])
  })

  it.each([
    ['429 with Retry-After', failure(429, { 'Retry-After': '1' })],
    ['503', failure(503)],
    ['500', failure(500)],
    ['a body that breaks off', truncated('{"items": [')],
  ])('that answer once with %s are asked for again', async (_, fault) => {
    await using cluster = await startScriptedCluster({ content: content({ 'v1/pods': pods(1) }) })
    cluster.script('/api/v1/pods', [fault])
    const result = await scan(cluster)
    expect(shown(result)).toEqual([`Pod/shop/pod-0 container app: ${PAUSE}`])
    expect(result.notRead).toEqual([])
  })

  it('whose pages are too large are read in smaller ones', async () => {
    await using cluster = await startScriptedCluster({
      content: content({ 'v1/pods': pods(300, ['ReplicaSet', 'web']) }),
    })
    const result = await scan(cluster, {}, { limits: { bodyMaxBytes: 20_000 } })
    expect(shown(result)).toEqual([`ReplicaSet/shop/web container app: ${PAUSE} (300)`])
    expect(cluster.requests.filter((path) => /^\/api\/v1\/pods\?limit=63\b/.test(path))).toHaveLength(5)
  })

  it('may come compressed', async () => {
    await using cluster = await startScriptedCluster({ content: content() })
    cluster.script('/api/v1/pods', (request, response) => {
      expect(request.headers).toMatchObject({ 'accept-encoding': 'gzip', 'user-agent': 'portolan/test' })
      response
        .writeHead(200, { 'Content-Encoding': 'gzip' })
        .end(gzipSync(JSON.stringify({ items: pods(1) })))
    })
    expect(shown(await scan(cluster))).toEqual([`Pod/shop/pod-0 container app: ${PAUSE}`])
  })
})

describe('an account that may not list everything', () => {
  const world = content({
    'v1/namespaces': [namespace('shop'), namespace('secret')],
    'apps/v1/deployments': [workload(meta('web'), podSpec(PAUSE))],
    'v1/pods': [...pods(2), ...pods(1, undefined, 'secret')],
  })

  it('is tried in each namespace, and told which right it lacks where', async () => {
    await using cluster = await startScriptedCluster({
      content: world,
      refuse: ({ resource, namespace }) => (resource === 'pods' && namespace !== 'shop' ? 403 : undefined),
    })
    const result = await scan(cluster)
    expect(shown(result)).toEqual([
      `Deployment/shop/web container app: ${PAUSE}`,
      `Pod/shop/pod-0 container app: ${PAUSE}`,
      `Pod/shop/pod-1 container app: ${PAUSE}`,
    ])
    expect(result.notRead).toEqual([
      {
        ...{ path: 'cluster/test', verb: 'list', resource: 'pods', namespaces: ['secret'] },
        reason: 'cannot list pods in secret: needs the right to list pods there',
      },
    ])
  })

  it("that may not list namespaces either is tried in its context's one", async () => {
    await using cluster = await startScriptedCluster({
      content: world,
      refuse: ({ namespace, path }) => (namespace === 'default' || path === '/version' ? undefined : 403),
    })
    const result = await scan(cluster)
    expect(reasons(result)).toEqual([
      'cannot list namespaces: the account may not: only default was tried; name others with --namespace',
      'cannot get configmap kube-system/kubeadm-config: needs the right to get configmaps there',
      'cannot ask for kinds of custom resources: needs the right to get /apis, as system:discovery gives it',
    ])
  })

  it('that may nothing at all gets one line for each kind', async () => {
    await using cluster = await startScriptedCluster({ content: world, refuse: () => 403 })
    const result = await scan(cluster)
    expect(result.notRead.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual([
      ...['list namespaces', 'list deployments.apps', 'list daemonsets.apps', 'list statefulsets.apps'],
      ...[
        'list replicasets.apps',
        'list replicationcontrollers',
        'list cronjobs.batch',
        'list jobs.batch',
        'list pods',
      ],
      ...['get configmaps', 'list events', 'get /apis'],
    ])
    expect(result.objects).toBe(0)
  })

  it('needs no more than one namespace when only that is asked for', async () => {
    await using cluster = await startScriptedCluster({
      content: world,
      refuse: ({ namespace, path }) =>
        namespace === 'shop' || path === '/version' || path === '/apis' ? undefined : 403,
    })
    const result = await scan(cluster, { namespaces: ['shop', 'shop'] })
    expect(result).toMatchObject({ notRead: [], objects: 3 })
  })

  it.each(['typo', '../pods', ''])('is told that namespace %j is not there', async (wrong) => {
    await using cluster = await startScriptedCluster({ content: world })
    await expect(scan(cluster, { namespaces: [wrong] })).rejects.toMatchObject({
      code: 'USAGE',
      message: `there is no namespace ${JSON.stringify(wrong)} in the cluster of context "test"`,
    })
  })
})

describe('a cluster that cannot be read', () => {
  it('says what to check when the credential is not taken', async () => {
    await using cluster = await startScriptedCluster({ refuse: () => 401 })
    await expect(scan(cluster)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(
        /^the API server 127\.0\.0\.1:\d+ of context "test" does not know who asks \(401\): it was asked as user "tester"; check that the credential/,
      ),
    })
  })

  it('names context and host when nothing listens', async () => {
    await using cluster = await startScriptedCluster()
    const server = `http://127.0.0.1:${await findFreePort()}`
    await expect(scan({ kubeconfig: () => cluster.kubeconfig({}, { server }) })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(
        /^the API server 127\.0\.0\.1:\d+ of context "test" cannot be reached: connect ECONNREFUSED/,
      ),
    })
  })

  it('names them when no answer comes', async () => {
    await using cluster = await startScriptedCluster()
    cluster.script('/version', () => {})
    await expect(scan(cluster)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/cannot be reached: nothing came for 0\.5 s/),
    })
  })

  it.each([
    ['another server', json({ hello: 'world' })],
    ['a page', (_: unknown, response: import('node:http').ServerResponse) => void response.end('<html>')],
    ['nothing of the kind', failure(404)],
  ])('says that %s answers there', async (_, answer) => {
    await using cluster = await startScriptedCluster()
    cluster.script('/version', answer)
    await expect(scan(cluster)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/^the cluster of context "test" cannot be read: http:\/\/127\.0\.0\.1/),
    })
  })

  it('ends when it is called off', async () => {
    await using cluster = await startScriptedCluster({ content: content() })
    const abort = new AbortController()
    cluster.script('/api/v1/pods', () => abort.abort(new Error('enough')))
    await expect(scan(cluster, {}, { signal: abort.signal })).rejects.toThrow('enough')
  })
})

describe.skipIf(noCertificates)('over TLS', () => {
  it('trusts the certificate-authority of the kubeconfig, and no other', async () => {
    await using certificates = await makeCertificates()
    await using cluster = await startScriptedCluster({
      certificates,
      content: content({ 'v1/pods': pods(1) }),
      refuse: ({ authorization }) => (authorization === 'Bearer open-sesame' ? undefined : 401),
    })
    const user = { token: 'open-sesame' }
    const found = await scan({ kubeconfig: () => cluster.kubeconfig(user) })
    expect(shown(found)).toEqual([`Pod/shop/pod-0 container app: ${PAUSE}`])
    expect(cluster.connections).toBe(1)
    await expect(
      scan({ kubeconfig: () => cluster.kubeconfig(user, { 'certificate-authority-data': undefined }) }),
    ).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/self[- ]signed certificate/),
    })
    const careless = { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true }
    expect(shown(await scan({ kubeconfig: () => cluster.kubeconfig(user, careless) }))).toHaveLength(1)
  })
})
