import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { BASE, CHART, helm, noHelm, render } from '../../support/helm.ts'
import {
  type ApiObject,
  type Container,
  type PodSpec,
  podOf,
  theObject,
} from '../../support/kubernetes-objects.ts'
import { loadObjectCheck } from '../../support/kubernetes-schemas.ts'
import { VALUE_SETS } from './value-sets.ts'

const objectCheck = await loadObjectCheck()
const noSchemas = 'missing' in objectCheck ? objectCheck.missing : undefined
if (noHelm !== undefined) console.warn(`the Helm chart is not tried; ${noHelm}`)
else if (noSchemas !== undefined)
  console.warn(`what the Helm chart makes is not checked by schemas; ${noSchemas}`)

const IDENTITY = { 'app.kubernetes.io/name': 'portolan', 'app.kubernetes.io/instance': 'door' }

describe.skipIf(noHelm !== undefined)('what the Helm chart makes', () => {
  /** What each set of values makes, by its name. */
  const rendered = new Map<string, readonly ApiObject[]>()

  beforeAll(async () => {
    for (const [name, values] of VALUE_SETS) rendered.set(name, await render(values))
  })

  it('is what helm lint --strict takes, with its own values and with others', async () => {
    for (const values of [undefined, ...VALUE_SETS.map(([, values]) => values)].slice(0, 4)) {
      const { code, stdout, stderr } = await helm(['lint', '--strict', CHART], values)
      expect(code, stdout.toString() + stderr).toBe(0)
    }
  })

  it.skipIf(noSchemas !== undefined)('is held against schemas that refuse what the API does not know', () => {
    if ('missing' in objectCheck) return
    const wrong = { apiVersion: 'v1', kind: 'Service', spec: { prots: [], ports: [{ port: '80' }] } }
    expect(objectCheck.check(wrong)).toEqual([
      expect.stringMatching(/^spec.ports.0.port: .*expected number, received string/),
      expect.stringMatching(/^spec: .*"prots"/),
    ])
    expect(objectCheck.check({ apiVersion: 'v1', kind: 'Pod' })).toEqual([
      'v1/Pod: no such kind is known here',
    ])
  })

  describe.each(VALUE_SETS.map(([name]) => name))('with %s', (name) => {
    const objects = () => rendered.get(name)!

    it.skipIf(noSchemas !== undefined)(
      'makes what the schemas of the API take, and nothing they do not know',
      () => {
        if ('missing' in objectCheck) return
        for (const object of objects()) {
          expect(objectCheck.check(object), `${object.kind} ${object.metadata.name}`).toEqual([])
        }
      },
    )

    it('names each object once, with names and labels that the API takes', () => {
      const names = objects().map(
        ({ apiVersion, kind, metadata }) => `${apiVersion}/${kind}/${metadata.name}`,
      )
      expect(names).toEqual([...new Set(names)])
      for (const { metadata, spec } of objects()) {
        expect(metadata.name).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/)
        for (const labels of [metadata.labels, spec?.template?.metadata.labels ?? {}]) {
          for (const value of Object.values(labels)) {
            expect(value).toMatch(/^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/)
          }
        }
      }
    })

    it('selects the pods of the door by what never changes, which an upgrade could not change', () => {
      const { spec } = theObject(objects(), 'Deployment')
      const selectors = objects().flatMap(({ kind, spec }): unknown[] => {
        if (kind === 'Service') return [{ matchLabels: spec?.selector }]
        if (kind === 'NetworkPolicy') return [spec?.podSelector]
        return kind === 'PodDisruptionBudget' ? [spec?.selector] : []
      })
      const identity = { ...IDENTITY, ...nameOf(name) }
      expect(spec?.selector).toEqual({ matchLabels: identity })
      expect(selectors).toEqual(selectors.map(() => ({ matchLabels: identity })))
      expect(spec?.template?.metadata.labels).toMatchObject(identity)
      const check = objects().find(({ kind }) => kind === 'Job')
      if (check) expect(check.spec?.template?.metadata.labels).not.toMatchObject(identity)
    })

    it('runs pods that the restricted standard admits, without a token, on a root that nobody writes', () => {
      for (const pod of podsOf(objects())) {
        expect(pod.securityContext).toMatchObject({
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        })
        expect(pod.automountServiceAccountToken).toBe(false)
        expect(pod.enableServiceLinks).toBe(false)
        expect(pod.hostNetwork).toBeUndefined()
        for (const { securityContext } of containersOf(pod)) {
          expect(securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          })
        }
      }
    })

    it('mounts volumes that there are, each place once, and can write to /tmp and nowhere but its own folder', () => {
      for (const pod of podsOf(objects())) {
        const volumes = pod.volumes.map(({ name }) => name)
        expect(volumes).toEqual([...new Set(volumes)])
        for (const { volumeMounts } of containersOf(pod)) {
          const paths = volumeMounts.map(({ mountPath }) => mountPath)
          expect(paths).toEqual([...new Set(paths)])
          expect(volumes).toEqual(expect.arrayContaining(volumeMounts.map(({ name }) => name)))
          // A mount within a read-only one could not be made.
          for (const path of paths) expect(paths.filter((other) => other.startsWith(`${path}/`))).toEqual([])
          const writable = volumeMounts.filter(({ readOnly }) => !readOnly).map(({ mountPath }) => mountPath)
          expect(['/tmp', '/tmp,/var/lib/portolan']).toContain(writable.toSorted().join())
        }
        for (const { name, secret } of pod.volumes) {
          if (['config', 'tls', 'admin-tls'].includes(name) && secret) expect(secret.defaultMode).toBe(0o440)
        }
        const configMaps = pod.volumes.flatMap(({ name, configMap }) =>
          name === 'config' && configMap ? [configMap.name] : [],
        )
        if (objects().some(({ kind, data }) => kind === 'ConfigMap' && data?.['portolan.yaml'])) {
          for (const name of configMaps)
            expect(theObject(objects(), 'ConfigMap', name).data).toHaveProperty(['portolan.yaml'])
        }
      }
    })

    it('keeps the admin service out of everything that leads to the door', () => {
      const services = objects().filter(({ kind }) => kind === 'Service')
      const admin = theObject(services, 'Service', '-admin')
      expect(admin.spec).toMatchObject({ type: 'ClusterIP', clusterIP: 'None' })
      expect(admin.spec?.ports?.map(({ targetPort }) => targetPort)).toEqual(['admin'])
      const [door, ...others] = services.filter((service) => service !== admin)
      expect(others).toEqual([])
      expect(door?.spec?.ports?.map(({ targetPort }) => targetPort)).toEqual(['door'])
      for (const route of objects().filter(({ kind }) => kind === 'Ingress' || kind === 'HTTPRoute')) {
        expect(JSON.stringify(route.spec)).toContain(`"name":"${door?.metadata.name}"`)
        expect(JSON.stringify(route.spec)).not.toContain('admin')
      }
      for (const policy of objects().filter(({ kind }) => kind === 'NetworkPolicy')) {
        for (const { ports, from } of policy.spec?.ingress ?? []) {
          // A rule without "from" lets everyone in.
          if (ports?.some(({ port }) => port !== 'door')) expect(from?.length).toBeGreaterThan(0)
        }
      }
    })

    it('asks for health where the door answers about itself, and for readiness elsewhere', () => {
      const [door] = podOf(theObject(objects(), 'Deployment')).containers
      const asked = [door!.startupProbe, door!.livenessProbe, door!.readinessProbe].map(
        (probe) => probe?.httpGet,
      )
      expect(asked.map((get) => [get?.path, get?.port])).toEqual([
        ['/healthz', 'admin'],
        ['/healthz', 'admin'],
        ['/readyz', 'admin'],
      ])
    })

    it('leaves the door the time that it needs to end', () => {
      const pod = podOf(theObject(objects(), 'Deployment'))
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(10)
    })
  })

  it('has its services and probes speak TLS where the door and the admin service do', () => {
    const seen = (name: string) => {
      const objects = rendered.get(name)!
      const services = objects
        .filter(({ kind }) => kind === 'Service')
        .flatMap(({ spec }) => spec?.ports ?? [])
      const [door] = podOf(theObject(objects, 'Deployment')).containers
      return {
        services: services.map(({ port, appProtocol }) => [port, appProtocol]),
        probe: door!.readinessProbe?.httpGet.scheme,
        scraped: objects.find(({ kind }) => kind === 'ServiceMonitor')?.spec?.endpoints?.[0]?.scheme,
      }
    }
    const [both, one] = [
      [9090, 'https'],
      [9090, 'http'],
    ]
    const overHttps = { services: [[443, 'https'], both], probe: 'HTTPS', scraped: 'https' }
    expect(seen('TLS of both, and certificates of clients')).toEqual(overHttps)
    expect(seen('TLS by files of its own')).toEqual(overHttps)
    expect(seen('TLS of the door')).toEqual({ services: [[443, 'https'], one], probe: 'HTTP' })
    expect(seen('TLS in a config as text')).toEqual({ services: [[443, 'https'], one], probe: 'HTTP' })
  })

  it('brings the rules and the dashboard of deploy/ as they are', () => {
    const objects = rendered.get('every kind of monitoring')!
    const read = (path: string) => readFileSync(new URL(`../../../deploy/${path}`, import.meta.url), 'utf8')
    expect(theObject(objects, 'PrometheusRule').spec).toEqual(parse(read('prometheus/alerts.yaml')))
    expect(theObject(objects, 'ConfigMap', '-dashboard').data).toEqual({
      'portolan.json': read('grafana/portolan.json'),
    })
    // What the first of the rules goes by.
    expect(theObject(objects, 'ServiceMonitor').spec?.endpoints?.[0]?.relabelings).toEqual([
      { targetLabel: 'job', replacement: 'portolan' },
    ])
  })

  it('makes the same twice, so that an upgrade with the same values changes nothing', async () => {
    for (const [name, values] of VALUE_SETS.filter((_, index) => index % 5 === 3))
      expect(await render(values)).toEqual(rendered.get(name))
  })

  it('replaces all pods at once without the limits of a rolling update, which the API would refuse', () => {
    const objects = rendered.get('an account with a role of a cloud, other probes and resources')!
    expect(theObject(objects, 'Deployment').spec?.strategy).toEqual({ type: 'Recreate' })
  })

  it('rolls the pods for another config, unless the doors are to take it themselves', async () => {
    const annotation = async (more: object) => {
      const objects = await render({ ...BASE, ...more })
      return theObject(objects, 'Deployment').spec?.template?.metadata.annotations?.['portolan/config']
    }
    const one = await annotation({})
    const other = await annotation({ config: { ...BASE.config, debug: true } })
    expect(one).toMatch(/^[0-9a-f]{64}$/)
    expect(other).toMatch(/^[0-9a-f]{64}$/)
    expect(other).not.toBe(one)
    expect(await annotation({ configReload: 'live' })).toBeUndefined()
  })

  /** A set that names the chart otherwise. */
  const nameOf = (set: string) =>
    set.includes('other name') ? { 'app.kubernetes.io/name': 'front-door' } : {}
})

function podsOf(objects: readonly ApiObject[]): readonly PodSpec[] {
  return objects.filter(({ spec }) => spec?.template).map(podOf)
}

function containersOf({ initContainers = [], containers }: PodSpec): readonly Container[] {
  return [...initContainers, ...containers]
}
