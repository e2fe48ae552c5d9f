import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { runCommand, startCommand } from '../support/command.ts'
import { BASE, CHART, helm, noHelm, readObjects, render, template } from '../support/helm.ts'
import {
  type ApiObject,
  type Container,
  type PodSpec,
  podOf,
  theObject,
} from '../support/kubernetes-objects.ts'
import { loadObjectCheck } from '../support/kubernetes-schemas.ts'
import { findFreePort } from '../support/ports.ts'
import { startScriptedStore } from '../support/scripted-store.ts'
import { makeTempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'
import { VALUE_SETS, WRONG_VALUES } from './helm-chart-values.ts'

const objectCheck = await loadObjectCheck()
const noSchemas = 'missing' in objectCheck ? objectCheck.missing : undefined
if (noHelm !== undefined) console.warn(`the Helm chart is not tried; ${noHelm}`)
else if (noSchemas !== undefined)
  console.warn(`what the Helm chart makes is not checked by schemas; ${noSchemas}`)

const CONFIG_FILE = '/etc/portolan/config/portolan.yaml'
const IDENTITY = { 'app.kubernetes.io/name': 'portolan', 'app.kubernetes.io/instance': 'door' }

describe.skipIf(noHelm !== undefined)('the Helm chart', () => {
  const made = new AsyncDisposableStack()
  /** What each set of values makes, by its name. */
  const rendered = new Map<string, readonly ApiObject[]>()

  beforeAll(async () => {
    for (const [name, values, words] of VALUE_SETS) rendered.set(name, await render(values, words))
  })
  afterAll(() => made.disposeAsync())

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

  it('makes configs that portolan config check takes, in the very command that the pods run', async () => {
    const folder = made.use(await makeTempFolder())
    const files: string[] = []
    for (const [name, objects] of rendered) {
      const config = objects.find(({ kind, data }) => kind === 'ConfigMap' && data?.['portolan.yaml'])
      if (config === undefined) continue
      const file = `${name.replaceAll(/\W+/g, '-')}.yaml`
      await writeFile(join(folder.path, file), config.data!['portolan.yaml']!)
      files.push(file)
      const { initContainers = [] } = podOf(theObject(objects, 'Deployment'))
      for (const { args } of initContainers) expect(args).toEqual(['config', 'check', CONFIG_FILE])
    }
    expect(files.length).toBeGreaterThan(15)
    const { code, out, err } = await runCommand(['config', 'check', ...files], { folder: folder.path })
    expect({ code, err: err.replaceAll(/^warning: .*\n/gm, '') }, out).toEqual({ code: 0, err: '' })
  })

  it('takes text of a config as it stands, to the byte', async () => {
    const config =
      '# First\n\nversion: 1\nlisten: ":8080"\nadmin: \':9090\'  # here\nupstreams:\n  - { id: a, url: "https://a.example", at: anycast }\nclouds: { refresh: off }\n'
    const objects = await render({ ...BASE, config })
    expect(theObject(objects, 'ConfigMap').data).toEqual({ 'portolan.yaml': config })
  })

  it('keeps large numbers, and words that YAML 1.1 takes for something else', async () => {
    const config = {
      ...BASE.config,
      presence: { maxEntries: 50_000_000 },
      clouds: { refresh: 'off', sources: { github: 'off' } },
      routing: [{ when: { country: ['NO', 'FR'] }, prefer: ['main'] }],
      clients: { trustedProxies: ['10.0.0.0/8', '::1', '2001:db8::/32'] },
      pages: { info: `\${INFO:-https://example.com/{{ .Values.config }}}` },
    }
    const objects = await render({ ...BASE, config })
    expect(parse(theObject(objects, 'ConfigMap').data!['portolan.yaml']!)).toEqual({
      listen: ':8080',
      admin: ':9090',
      ...config,
    })
  })

  it.each(WRONG_VALUES)('refuses %s', async (_, values, expected) => {
    const { code, stderr, stdout } = await template(values)
    expect(code, stdout.toString()).toBe(1)
    expect(stderr).toContain(expected)
  })

  it('stops a config that only the program knows to be wrong before the door starts, with its path and value', async () => {
    const upstreams = [{ id: 'main', url: 'https://registry.example.com', at: 'aws/eu-wst-3' }]
    const objects = await render({ ...BASE, config: { version: 1, upstreams }, configCheck: { hook: true } })
    const folder = made.use(await makeTempFolder())
    for (const [kind, suffix] of [
      ['Deployment', ''],
      ['Job', '-check'],
    ] as const) {
      const pod = podOf(theObject(objects, kind))
      const { args } = (pod.initContainers ?? pod.containers)[0]!
      const [volume] = pod.volumes
      const { data } = theObject(objects, 'ConfigMap', `door-portolan${suffix}`)
      expect(volume).toEqual({ name: 'config', configMap: { name: `door-portolan${suffix}` } })
      const file = join(folder.path, `${kind}.yaml`)
      await writeFile(file, data!['portolan.yaml']!)
      const { code, err } = await runCommand(asRunHere(args, file), { folder: folder.path })
      expect(code).toBe(2)
      expect(err).toContain(
        'upstreams[0].at: "aws/eu-wst-3": must be a region of aws (did you mean "eu-west-3"?)',
      )
    }
  })

  it('starts a door by the words of its pods that its probes find, and that ends within the time it has', async () => {
    const folder = made.use(await makeTempFolder())
    const upstream = made.use(await startScriptedStore(() => 200))
    const ports = { door: await findFreePort(), admin: await findFreePort() }
    const objects = await render({
      ...BASE,
      ports,
      shutdownDelay: '1s',
      config: { version: 1, upstreams: [{ id: 'main', url: upstream.origin, at: 'gcp/us-central1' }] },
    })
    const file = join(folder.path, 'portolan.yaml')
    await writeFile(file, theObject(objects, 'ConfigMap').data!['portolan.yaml']!)
    const [container] = podOf(theObject(objects, 'Deployment')).containers
    const portNamed = (name: unknown) => container!.ports!.find((port) => port.name === name)!.containerPort
    const ask = async ({ httpGet: { path, port } }: NonNullable<Container['livenessProbe']>, host: string) =>
      (await fetch(`http://${host}:${portNamed(port)}${path}`).catch(() => undefined))?.status

    await using door = startCommand(asRunHere(container!.args, file), { folder: folder.path })
    await until('readiness', async () => (await ask(container!.readinessProbe!, '127.0.0.1')) === 200)
    expect(await ask(container!.livenessProbe!, '127.0.0.1')).toBe(200)
    expect(await ask(container!.startupProbe!, '[::1]')).toBe(200)
    for (const host of ['127.0.0.1', '[::1]']) {
      expect((await fetch(`http://${host}:${portNamed('door')}/v2/`)).status).toBe(200)
    }
    door.process.kill('SIGTERM')
    await until(
      'its end to be said',
      async () => (await ask(container!.readinessProbe!, '127.0.0.1')) === 503,
    )
    expect(await ask(container!.livenessProbe!, '127.0.0.1')).toBe(200)
    expect((await fetch(`http://127.0.0.1:${portNamed('door')}/v2/`)).status).toBe(200)
    expect((await door.ended).code).toBe(0)
  })

  it.each([
    ['v1.door', 'v1-door-portolan'],
    ['portolan', 'portolan'],
    ['a'.repeat(53), 'a'.repeat(50)],
  ])('makes names of services of a release called %s', async (release, name) => {
    const { stdout } = await helm(['template', release, CHART, '--kube-version', '1.37.0'], BASE)
    const services = readObjects(stdout.toString()).filter(({ kind }) => kind === 'Service')
    expect(services.map(({ metadata }) => metadata.name)).toEqual([name, `${name}-admin`])
  })

  it('says that a release whose name begins with a digit needs another name', async () => {
    const { code, stderr } = await helm(['template', '1door', CHART, '--kube-version', '1.37.0'], BASE)
    expect(code).toBe(1)
    expect(stderr).toContain('fullnameOverride: give one, since "1door-portolan" begins with a digit')
  })

  it('brings the rules and the dashboard of deploy/ as they are', () => {
    const objects = rendered.get('every kind of monitoring')!
    const read = (path: string) => readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8')
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
    for (const [name, values, words] of VALUE_SETS)
      expect(await render(values, words)).toEqual(rendered.get(name))
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

/** The words of a container, with the file that stands here for the one that is mounted. */
function asRunHere(args: readonly string[], file: string): string[] {
  expect(args).toContain(CONFIG_FILE)
  return args.map((word) => (word === CONFIG_FILE ? file : word))
}
