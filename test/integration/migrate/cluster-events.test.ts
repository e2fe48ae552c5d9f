import { describe, expect, it } from 'vitest'
import { content, reasons, scan } from '../../support/cluster-scan.ts'
import { type ApiObject, startScriptedCluster } from '../../support/scripted-cluster.ts'

const PAUSE = 'k8s.gcr.io/pause:3.5'
const GONE = `rpc error: code = NotFound desc = failed to resolve reference "${PAUSE}": not found`
let serial = 0

interface Said {
  readonly pod: string
  readonly namespace?: string
  readonly reason?: string
  readonly message: string
  readonly count?: number
  readonly minute?: number
  readonly container?: string
}

/** An event as a kubelet makes it. */
function event(said: Said): ApiObject {
  const {
    pod,
    namespace = 'shop',
    reason = 'Failed',
    message,
    count = 1,
    minute = 0,
    container = 'app',
  } = said
  return {
    metadata: { name: `${pod}.${serial++}`, namespace },
    involvedObject: { kind: 'Pod', namespace, name: pod, fieldPath: `spec.containers{${container}}` },
    ...{ reason, message, count, type: 'Warning', firstTimestamp: '2026-01-01T00:00:00Z' },
    lastTimestamp: `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`,
  }
}

/** What one kubelet says of one container that cannot pull. */
const failing = (pod: string, more: Partial<Said> = {}): ApiObject[] => [
  event({ pod, message: `Failed to pull image "${PAUSE}": ${GONE}`, count: 3, ...more }),
  event({ pod, message: 'Error: ErrImagePull', count: 3, ...more }),
  event({ pod, message: `Back-off pulling image "${PAUSE}"`, reason: 'BackOff', count: 40, ...more }),
  event({ pod, message: 'Error: ImagePullBackOff', count: 40, ...more }),
]

const failures = async (events: readonly ApiObject[]) => {
  await using cluster = await startScriptedCluster({ content: content({ 'v1/events': events }), pageSize: 3 })
  return (await scan(cluster)).pullFailures
}

describe('pods that cannot pull', () => {
  it('are one line for an image and what was said, with the pods, how often, and when it was said last', async () => {
    expect(
      await failures([
        ...failing('web-1', { minute: 5 }),
        ...failing('web-2', { minute: 9 }),
        ...failing('web-1', { namespace: 'bank', minute: 7 }),
      ]),
    ).toEqual([
      {
        ...{ image: PAUSE, replacement: 'registry.k8s.io/pause:3.5', reason: 'ErrImagePull', message: GONE },
        ...{ count: 9, pods: 3, namespaces: ['bank', 'shop'], lastSeen: '2026-01-01T00:09:00Z' },
        examples: ['bank/web-1', 'shop/web-1', 'shop/web-2'],
      },
    ])
  })

  it('are several lines when other things were said, or of other images', async () => {
    const other = `Failed to pull image "acme.example/web:1": 403 Forbidden`
    expect(
      await failures([
        ...failing('web-1'),
        ...failing('web-2'),
        event({ pod: 'web-2', message: `Failed to pull image "${PAUSE}": i/o timeout` }),
        event({ pod: 'web-2', message: other, container: 'sidecar' }),
      ]),
    ).toMatchObject([
      { image: PAUSE, message: GONE, pods: 2 },
      { image: 'acme.example/web:1', message: '403 Forbidden', pods: 1 },
      { image: PAUSE, message: 'i/o timeout', pods: 1 },
    ])
  })

  it("are told by the kubelet's back-off alone where the runtime's words are gone", async () => {
    const [, , backOff, state] = failing('web-1')
    expect(await failures([backOff!, state!])).toMatchObject([
      { image: PAUSE, reason: 'ImagePullBackOff', count: 40 },
    ])
    expect(await failures([state!])).toEqual([
      {
        ...{ reason: 'ImagePullBackOff', count: 40, pods: 1, namespaces: ['shop'], examples: ['shop/web-1'] },
        lastSeen: '2026-01-01T00:00:00Z',
      },
    ])
  })

  it("are told by the runtime's words once, though newer kubelets repeat them while they back off", async () => {
    const repeated = `Back-off pulling image "${PAUSE}": ErrImagePull: ${GONE}`
    const backOff = event({ pod: 'web-1', message: repeated, reason: 'BackOff', count: 40 })
    expect(await failures([...failing('web-1'), backOff])).toMatchObject([
      { reason: 'ErrImagePull', count: 3 },
    ])
    expect(await failures([backOff])).toMatchObject([{ reason: 'ImagePullBackOff', message: GONE }])
  })

  it('are told of pause images too, which stand in the settings of nodes', async () => {
    const message = `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox image "${PAUSE}": failed to pull image "${PAUSE}": 403 Forbidden`
    expect(
      await failures(['a', 'b'].map((pod) => event({ pod, message, reason: 'FailedCreatePodSandBox' }))),
    ).toMatchObject([
      { image: PAUSE, replacement: 'registry.k8s.io/pause:3.5', pods: 2, reason: 'FailedCreatePodSandBox' },
    ])
  })

  it('are asked for by the server, without what goes well', async () => {
    await using cluster = await startScriptedCluster({ content: content() })
    await scan(cluster)
    const asked = cluster.requests.filter((path) => path.startsWith('/api/v1/events'))
    expect(new URL(asked[0]!, cluster.origin).searchParams.get('fieldSelector')).toMatch(
      /^involvedObject\.kind=Pod,reason!=Scheduled,reason!=Pulling,/,
    )
    expect(asked).toHaveLength(1)
  })

  it('are not counted twice when the list begins again', async () => {
    let pages = 0
    await using cluster = await startScriptedCluster({
      content: content({ 'v1/events': failing('web-1') }),
      pageSize: 3,
      refuse: ({ resource }) => {
        if (resource === 'events' && ++pages === 2) cluster.forget()
        return undefined
      },
    })
    expect((await scan(cluster)).pullFailures).toMatchObject([{ count: 3 }])
    expect(pages).toBe(4)
  })

  it('are looked for in each namespace where events may not be listed in all; the right that lacks is named', async () => {
    const shop = { metadata: { name: 'shop' } }
    await using cluster = await startScriptedCluster({
      content: content({
        'v1/namespaces': [shop, { metadata: { name: 'bank' } }],
        'v1/events': [...failing('web-1'), ...failing('web-1', { namespace: 'bank' })],
      }),
      refuse: ({ resource, namespace }) => (resource === 'events' && namespace !== 'shop' ? 403 : undefined),
    })
    const result = await scan(cluster)
    expect(result.pullFailures).toMatchObject([{ pods: 1, namespaces: ['shop'] }])
    expect(reasons(result)).toEqual(['cannot list events in bank: needs the right to list events there'])
  })

  it('are bounded, and what is left out is counted', async () => {
    const events = Array.from({ length: 1003 }, (_, index) =>
      event({ pod: `p${index}`, message: `Failed to pull image "acme.example/i${index}": gone` }),
    )
    const causes = Array.from({ length: 11 }, (_, index) =>
      event({ pod: 'many', message: `Failed to pull image "acme.example/x": cause ${index}` }),
    )
    await using cluster = await startScriptedCluster({
      content: content({ 'v1/events': [...events, ...causes] }),
    })
    const result = await scan(cluster)
    expect(result.pullFailures).toHaveLength(1000)
    expect(reasons(result)).toEqual([
      '3 events about pulls are left out: there are too many',
      '11 images that cannot be pulled are left out: there are too many',
    ])
  })
})
