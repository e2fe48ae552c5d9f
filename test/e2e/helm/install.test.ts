import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BASE, CHART, helm, noHelm, render } from '../../support/helm.ts'
import { type KubernetesApi, noKubernetesApi, startKubernetesApi } from '../../support/kubernetes-api.ts'
import { CUSTOM, readFromModule } from '../../support/kubernetes-schemas.ts'
import { sample } from '../../support/sample.ts'
import { VALUE_SETS } from './value-sets.ts'

const crds = await Promise.all(CUSTOM.map(readFromModule)).catch((error: Error) => error)
const unable = noHelm ?? noKubernetesApi ?? (crds instanceof Error ? crds.message : undefined)
if (unable !== undefined) console.warn(`the Helm chart is not installed; ${unable}`)

const NAMESPACE = 'registry'
const JOBS = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`
/** Sets of a release of its own: a release can change neither its selector nor the main family of a service. */
const APART = /IPv6 alone|both families|another name|a name as long/

describe.skipIf(unable !== undefined)('the Helm chart, at the API of a cluster without nodes', () => {
  let api: KubernetesApi
  beforeAll(async () => {
    api = await startKubernetesApi()
    for (const crd of crds as string[])
      await api.ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
    const standard = ['enforce', 'warn'].map((what) => [`pod-security.kubernetes.io/${what}`, 'restricted'])
    const metadata = { name: NAMESPACE, labels: Object.fromEntries(standard) }
    await api.ask('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata })
  })
  afterAll(() => api[Symbol.asyncDispose]())

  /** Runs helm while jobs end in this way, as no controller is there to run them. */
  async function helmWhile(condition: 'Complete' | 'Failed', words: readonly string[], values?: object) {
    let isDone = false
    const running = helm(
      [...words, '--namespace', NAMESPACE, '--kubeconfig', api.kubeconfig],
      values,
    ).finally(() => {
      isDone = true
    })
    while (!isDone) {
      const { items } = (await api.ask('GET', JOBS)) as { items: readonly Job[] }
      for (const job of items.filter(({ status }) => status?.conditions === undefined))
        await api.ask('PUT', `${JOBS}/${job.metadata.name}/status`, endOf(job, condition))
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return running
  }
  const upgrade = (release: string, values: object, ends: 'Complete' | 'Failed' = 'Complete') =>
    helmWhile(ends, ['upgrade', '--install', release, CHART], values)
  const configMap = () => api.ask('GET', `/api/v1/namespaces/${NAMESPACE}/configmaps/door-portolan`)

  it('is installed, and upgraded from one set of values to the next, without a warning', async () => {
    for (const [name, values] of sample('sets of values of the chart', VALUE_SETS, 8)) {
      const { code, stderr } = await upgrade(APART.test(name) ? `door-${name.length}` : 'door', values)
      expect({ name, code, stderr }).toEqual({ name, code: 0, stderr: '' })
    }
  })

  it('has pods that a namespace of the restricted standard admits', async () => {
    for (const [name, values] of VALUE_SETS) {
      for (const { kind, spec } of await render(values)) {
        if (spec?.template === undefined) continue
        const metadata = { name: 'pod', ...spec.template.metadata }
        const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: spec.template.spec }
        const admitted = api.ask('POST', `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All`, pod)
        await expect(admitted, `${kind} of ${name}`).resolves.toMatchObject({ kind: 'Pod' })
      }
    }
  })

  it('changes nothing when the check before an upgrade finds a faulty config, and all when it is right again', async () => {
    expect((await upgrade('door', BASE)).code).toBe(0)
    const before = await configMap()
    const changed = { ...BASE, config: { ...BASE.config, debug: true }, configCheck: { hook: true } }
    const { code, stderr } = await upgrade('door', changed, 'Failed')
    expect(code).toBe(1)
    expect(stderr).toContain('pre-upgrade hooks failed')
    expect(stderr).toContain('door-portolan-check')
    expect(await configMap()).toEqual(before)

    expect((await upgrade('door', changed)).code).toBe(0)
    expect(await configMap()).not.toEqual(before)
  })

  it('says after an install what to look at, and what the values leave open', async () => {
    const open = {
      ingress: { enabled: true },
      networkPolicy: { enabled: false },
      service: { type: 'NodePort', externalTrafficPolicy: 'Cluster' },
    }
    const { stdout } = await upgrade('door', { ...BASE, ...open })
    const notes = stdout.toString()
    expect(notes).toContain('The door is door-portolan.registry.svc, port 80.')
    expect(notes.match(/^WARNING: .*$/gm)).toHaveLength(3)
    expect((await upgrade('door', BASE)).stdout.toString()).not.toContain('WARNING')
  })

  it('leaves nothing behind', async () => {
    expect((await upgrade('door', { ...BASE, configCheck: { hook: true } })).code).toBe(0)
    expect((await helmWhile('Complete', ['uninstall', 'door'])).code).toBe(0)
    for (const path of [
      '/api/v1',
      '/apis/apps/v1',
      '/apis/batch/v1',
      '/apis/policy/v1',
      '/apis/networking.k8s.io/v1',
    ]) {
      const { resources } = (await api.ask('GET', path)) as { resources: readonly Resource[] }
      for (const { name } of resources.filter(
        ({ namespaced, verbs }) => namespaced && verbs.includes('list'),
      )) {
        const { items } = (await api.ask('GET', `${path}/namespaces/${NAMESPACE}/${name}`)) as {
          items: readonly Job[]
        }
        expect(
          items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('door-portolan')),
        ).toEqual([])
      }
    }
  })
})

interface Job {
  readonly metadata: { readonly name: string }
  readonly status?: { readonly conditions?: unknown }
}

interface Resource {
  readonly name: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
}

/** A job as its controller leaves it. */
function endOf(job: Job, condition: 'Complete' | 'Failed'): object {
  const now = new Date().toISOString().replace(/\.\d+/, '')
  const types = condition === 'Complete' ? ['SuccessCriteriaMet', 'Complete'] : ['FailureTarget', 'Failed']
  const conditions = types.map((type) => ({ type, status: 'True', lastTransitionTime: now, reason: 'Test' }))
  const counts = condition === 'Complete' ? { succeeded: 1, completionTime: now } : { failed: 1 }
  return { ...job, status: { startTime: now, conditions, ...counts } }
}
