import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { parseImageList } from '../../../src/oci/image-list.ts'
import { runHosted } from '../../support/command-host.ts'
import { findFreePort } from '../../support/ports.ts'
import { type ApiObject, type ClusterContent, startScriptedCluster } from '../../support/scripted-cluster.ts'
import { makeTempFolder } from '../../support/temp.ts'

const spec = (image: string) => ({ containers: [{ name: 'coredns', image }] })
const metadata = (name: string, owner?: readonly [kind: string, name: string]) => ({
  ...{ name, namespace: 'kube-system' },
  ...(owner && { ownerReferences: [{ kind: owner[0], name: owner[1], controller: true }] }),
})
const workload = (of: ApiObject['metadata'], image: string): ApiObject => ({
  metadata: of,
  spec: { template: { spec: spec(image) } },
})

/** A cluster whose CoreDNS is pulled from here, and how many pods of it there are. */
const coredns = (image: string, pods: number): ClusterContent => ({
  'v1/namespaces': [{ metadata: { name: 'kube-system' } }],
  'v1/replicationcontrollers': [],
  'apps/v1/deployments': [workload(metadata('coredns'), image)],
  'apps/v1/replicasets': [workload(metadata('coredns-5d', ['Deployment', 'coredns']), image)],
  'v1/pods': Array.from({ length: pods }, (_, index) => ({
    metadata: metadata(`coredns-5d-${index}`, ['ReplicaSet', 'coredns-5d']),
    spec: spec(image),
  })),
})
const OLD = 'k8s.gcr.io/coredns/coredns:v1.8.6'

const UNKNOWN_NAME =
  'failed to do request: Head "https://k8s.gcr.io/v2/pause/manifests/3.5": dial tcp: lookup k8s.gcr.io on 10.0.0.1:53: no such host'

/** A cluster with a custom resource that names this image, and pods that cannot pull others. */
const world = (image: string) => {
  const event = (pod: string, message: string): ApiObject => ({
    metadata: { name: pod, namespace: 'shop' },
    involvedObject: { kind: 'Pod', namespace: 'shop', name: pod },
    ...{
      reason: 'Failed',
      message: `Failed to pull image ${message}`,
      lastTimestamp: '2026-01-01T00:00:00Z',
    },
  })
  return {
    kinds: { 'acme.example/v1/things': { kind: 'Thing' } },
    content: {
      ...coredns('registry.k8s.io/coredns/coredns:v1.8.6', 0),
      'apps/v1/deployments': [],
      'v1/events': [
        event('a', `"k8s.gcr.io/pause:3.5": ${UNKNOWN_NAME}`),
        event('b', '"x.example/a\u0007:1": gone'),
        event('c', '"x.example/a\u0007:1": gone'),
      ],
      'acme.example/v1/things': [
        {
          metadata: { name: 'x', namespace: 'shop' },
          spec: { image, about: 'once at k8s.gcr.io/x, now gone' },
        },
      ],
    },
  }
}
const SCHEMA = join(import.meta.dirname, '../../../docs/schemas/scan-report.json')

/** Runs `portolan scan --cluster` as a user would, with a kubeconfig. */
async function scan(kubeconfig: string, ...words: string[]) {
  await using folder = await makeTempFolder()
  const file = join(folder.path, 'config')
  await writeFile(file, kubeconfig)
  return await runHosted(['scan', '--cluster', ...words], {
    folder: folder.path,
    env: { KUBECONFIG: file },
  })
}

describe('scan --cluster', () => {
  it('prints each owner with the number of its pods, and ends with 1', async () => {
    await using cluster = await startScriptedCluster({ content: coredns(OLD, 2) })
    expect(await scan(cluster.kubeconfig())).toEqual({
      code: 1,
      out:
        '  place             reference                          becomes                                     belongs to\n' +
        `  cluster/test:1:1  ${OLD}  registry.k8s.io/coredns/coredns:v1.8.6 [1]  Deployment/kube-system/coredns container coredns (2 pods)\n` +
        '\n  [1] it lives in a cluster: change it where it is applied from\n',
      err: `4 objects of ${cluster.origin}, 1 finding\n`,
    })
  })

  it('prints it as JSON', async () => {
    await using cluster = await startScriptedCluster({ content: coredns(OLD, 2) })
    const { code, out } = await scan(
      cluster.kubeconfig(),
      '--json',
      '--context',
      'test',
      '--namespace',
      'kube-system',
    )
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      cluster: { context: 'test', server: cluster.origin, objects: 4 },
      findings: [
        {
          path: 'cluster/test',
          owner: 'Deployment/kube-system/coredns container coredns',
          written: OLD,
          pods: 2,
        },
      ],
      notRead: [],
    })
  })

  it('prints custom resources and pods that cannot pull, which do not change how it ends', async () => {
    await using cluster = await startScriptedCluster(world('registry.k8s.io/pause:3.5'))
    expect(await scan(cluster.kubeconfig())).toEqual({
      code: 0,
      out:
        "pods that cannot pull (events of the cluster's last hour)\n" +
        '  image                 becomes                    pods               times  last seen             likely cause  what was said\n' +
        '  x.example/a\ufffd:1        -                          shop/b and 1 more  2      2026-01-01T00:00:00Z  -             ErrImagePull: gone\n' +
        `  k8s.gcr.io/pause:3.5  registry.k8s.io/pause:3.5  shop/a             1      2026-01-01T00:00:00Z  dns           ErrImagePull: ${UNKNOWN_NAME}\n\n` +
        '  dns: k8s.gcr.io cannot be looked up; try `getent ahosts k8s.gcr.io`, on the machine that pulls\n',
      err:
        'not understood: cluster/test/Thing/shop/x: 1 mention\n' +
        `2 objects of ${cluster.origin} (1 kind of custom resources among them), 0 findings, ` +
        '2 images that pods cannot pull, 1 object with mentions that were not understood\n',
    })
  })

  it('prints JSON of the form that its schema says', async () => {
    const form = z.fromJSONSchema(JSON.parse(await readFile(SCHEMA, 'utf8')))
    await using cluster = await startScriptedCluster({
      ...world('k8s.gcr.io/pause:3.5'),
      refuse: ({ resource }) => (resource === 'jobs' ? 403 : undefined),
    })
    const { code, out } = await scan(cluster.kubeconfig(), '--json')
    const report = JSON.parse(out)
    expect(form.safeParse(report).error).toBeUndefined()
    expect(report).toMatchObject({
      cluster: {
        customKinds: 1,
        pullFailures: [
          { image: 'x.example/a\u0007:1', reason: 'ErrImagePull', pods: 2, causes: [] },
          {
            image: 'k8s.gcr.io/pause:3.5',
            replacement: 'registry.k8s.io/pause:3.5',
            causes: [{ id: 'dns', host: 'k8s.gcr.io', allow: [{ host: 'k8s.gcr.io', port: 443 }] }],
          },
        ],
      },
      findings: [{ owner: 'Thing/shop/x spec.image', verdict: 'moved', edits: [] }],
      mentions: [{ path: 'cluster/test/Thing/shop/x' }],
      notRead: [{ verb: 'list', resource: 'jobs.batch' }],
    })
    expect(code).toBe(1)
    const broken = { ...report, cluster: { ...report.cluster, pullFailures: [{}] } }
    expect(form.safeParse(broken).success).toBe(false)
  })

  it('names the first of many kinds that it may not list, and counts the others', async () => {
    const kinds = Array.from({ length: 40 }, (_, index) => `acme.example/v1/thing${index}s`)
    await using cluster = await startScriptedCluster({
      content: { ...coredns(OLD, 1), ...Object.fromEntries(kinds.map((key) => [key, []])) },
      refuse: ({ path }) => (path.includes('/thing') ? 403 : undefined),
    })
    const { err } = await scan(cluster.kubeconfig())
    expect(err.split('\n').filter((line) => line.startsWith('not read: '))).toHaveLength(31)
    expect(err).toContain('not read: 10 more of the cluster (--json names them)\n')
  })

  it('has in its JSON what a cluster pulls, as a list that a mirror can pin', async () => {
    await using cluster = await startScriptedCluster({ content: coredns(OLD, 2) })
    const { out } = await scan(cluster.kubeconfig(), '--json')
    expect(JSON.parse(out).cluster.images).toEqual([OLD])
    expect(parseImageList(out).images.map(({ written }) => written)).toEqual([OLD])
  })

  it('prints it as SARIF', async () => {
    await using cluster = await startScriptedCluster({
      content: coredns(OLD, 2),
      refuse: ({ resource }) => (resource === 'cronjobs' ? 403 : undefined),
    })
    const { code, out } = await scan(cluster.kubeconfig(), '--sarif')
    expect(code).toBe(1)
    const [{ results, invocations }] = JSON.parse(out).runs
    expect(results).toMatchObject([
      {
        ruleId: 'moved',
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: 'cluster/test' },
              region: { startLine: 1, startColumn: 1 },
            },
          },
        ],
      },
    ])
    expect(invocations[0].toolExecutionNotifications).toMatchObject([
      { message: { text: expect.stringContaining('cannot list cronjobs.batch in kube-system') } },
    ])
  })

  it('knows what is in a baseline, however many pods there are now', async () => {
    await using folder = await makeTempFolder()
    const baseline = join(folder.path, 'known.json')
    await using before = await startScriptedCluster({ content: coredns(OLD, 2) })
    expect((await scan(before.kubeconfig(), '--write-baseline', baseline)).code).toBe(0)
    await using after = await startScriptedCluster({ content: coredns(OLD, 3) })
    expect(await scan(after.kubeconfig(), '--baseline', baseline)).toMatchObject({ code: 0, out: '' })
  })

  it('ends with 0 when nothing is found, and says what was not seen', async () => {
    await using cluster = await startScriptedCluster({
      content: coredns('registry.k8s.io/coredns/coredns:v1.8.6', 2),
      refuse: ({ resource }) => (resource === 'jobs' ? 403 : undefined),
    })
    expect(await scan(cluster.kubeconfig())).toEqual({
      code: 0,
      out: '',
      err:
        'not read: cluster/test: cannot list jobs.batch in kube-system: needs the right to list jobs.batch there\n' +
        `4 objects of ${cluster.origin}, 0 findings, 1 not read\n`,
    })
  })

  it.each<[string, number | undefined, RegExp]>([
    ['may see nothing', 403, /^not read: cluster\/test: cannot list namespaces/],
    ['is not known', 401, /^portolan: the API server .* does not know who asks \(401\)/],
  ])('ends with 3 when the account %s', async (_, status, said) => {
    await using cluster = await startScriptedCluster({ content: coredns(OLD, 2), refuse: () => status })
    const { code, err } = await scan(cluster.kubeconfig())
    expect(code).toBe(3)
    expect(err).toMatch(said)
  })

  it('ends with 3 when nothing listens, and says where', async () => {
    await using cluster = await startScriptedCluster()
    const server = `http://127.0.0.1:${await findFreePort()}`
    const { code, err } = await scan(cluster.kubeconfig({}, { server }))
    expect(code).toBe(3)
    expect(err).toMatch(
      /^portolan: the API server 127\.0\.0\.1:\d+ of context "test" cannot be reached: connect ECONNREFUSED/,
    )
  })

  it('ends with 3 when there is no credential', async () => {
    await using cluster = await startScriptedCluster()
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'false' }
    const { code, err } = await scan(cluster.kubeconfig({ exec }, { server: 'https://127.0.0.1:1' }))
    expect(code).toBe(3)
    expect(err).toContain(
      'there is no credential of user "tester" for context "test": its plugin false gives none',
    )
  })

  it.each([
    [['.'], '--cluster looks at a live cluster'],
    [['--node'], '--cluster looks at a live cluster'],
    [['--context', 'prod'], 'context "prod" is not in the kubeconfig; there are test'],
    [['--namespace', 'typo'], 'there is no namespace "typo"'],
  ])('ends with 2 for %j', async (words, said) => {
    await using cluster = await startScriptedCluster({ content: coredns(OLD, 2) })
    const { code, err } = await scan(cluster.kubeconfig(), ...words)
    expect(code).toBe(2)
    expect(err).toContain(said)
  })
})
