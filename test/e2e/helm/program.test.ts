import { mkdir, writeFile } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { makeCertificates, noCertificates } from '../../support/certificates.ts'
import { runCommand, startCommand } from '../../support/command.ts'
import { BASE, noHelm, render } from '../../support/helm.ts'
import { type ApiObject, type Probe, podOf, theObject } from '../../support/kubernetes-objects.ts'
import { findFreePort } from '../../support/ports.ts'
import { startScriptedStore } from '../../support/scripted-store.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { until } from '../../support/until.ts'
import { VALUE_SETS } from './value-sets.ts'

const CONFIG_FILE = '/etc/portolan/config/portolan.yaml'

describe.skipIf(noHelm !== undefined)('the program, as the Helm chart runs it', () => {
  const made = new AsyncDisposableStack()
  const rendered = new Map<string, readonly ApiObject[]>()
  beforeAll(async () => {
    for (const [name, values] of VALUE_SETS) rendered.set(name, await render(values))
  })
  afterAll(() => made.disposeAsync())

  it('takes the config of every set, by the words of the pods that check it', async () => {
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

  it('knows each word that a set gives to it', async () => {
    const folder = made.use(await makeTempFolder())
    const commands = new Set<string>()
    for (const objects of rendered.values()) {
      const [door] = podOf(theObject(objects, 'Deployment')).containers
      commands.add(JSON.stringify(door!.args))
    }
    expect(commands.size).toBeGreaterThan(4)
    for (const words of commands) {
      // It reads its words before its config, which is not there.
      const { code, err } = await runCommand(JSON.parse(words), { folder: folder.path })
      expect({ code, err }).toMatchObject({
        code: 2,
        err: expect.stringContaining(`cannot read ${CONFIG_FILE}`),
      })
    }
  })

  it('is given the text of a config as it stands', async () => {
    const config =
      '# First\n\nversion: 1\nlisten: ":8080"\nadmin: \':9090\'  # here\nupstreams:\n  - { id: a, url: "https://a.example", at: anycast }\nclouds: { refresh: off }\n'
    const objects = await render({ ...BASE, config })
    expect(theObject(objects, 'ConfigMap').data).toEqual({ 'portolan.yaml': config })
  })

  it('is left to say what else is wrong with text', async () => {
    const config = 'listen: ":8080"\nadmin: ":9090"\nclouds: none\nadminTls: 3\nclients: []\n'
    const objects = await render({ ...BASE, config, ingress: { enabled: true } })
    expect(theObject(objects, 'ConfigMap').data).toEqual({ 'portolan.yaml': config })
  })

  it('is given large numbers, and words that YAML 1.1 takes for something else', async () => {
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

  it('stops a config that it alone knows to be wrong before the door starts, with its path and value', async () => {
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

  it.each(['HTTP', 'HTTPS'] as const)(
    'is a door that its probes find over %s, and that ends within the time it has',
    async (scheme) => {
      if (scheme === 'HTTPS' && noCertificates !== undefined) return
      const mounted = made.use(await makeTempFolder())
      const upstream = made.use(await startScriptedStore(() => 200))
      const ports = { door: await findFreePort(), admin: await findFreePort() }
      const secrets = { tls: { secretName: 'door-tls' }, adminTls: { secretName: 'admin-tls' }, workers: 2 }
      const objects = await render({
        ...BASE,
        ports,
        shutdownDelay: '1s',
        config: { version: 1, upstreams: [{ id: 'main', url: upstream.origin, at: 'gcp/us-central1' }] },
        ...(scheme === 'HTTPS' && secrets),
      })
      const config = theObject(objects, 'ConfigMap').data!['portolan.yaml']!
      const [container] = podOf(theObject(objects, 'Deployment')).containers
      await mkdir(join(mounted.path, 'config'))
      await writeFile(
        join(mounted.path, 'config/portolan.yaml'),
        config.replaceAll('/etc/portolan', mounted.path),
      )
      if (scheme === 'HTTPS') {
        await using certificates = await makeCertificates()
        for (const folder of ['tls', 'admin-tls']) {
          expect(container!.volumeMounts).toContainEqual(
            expect.objectContaining({ name: folder, mountPath: `/etc/portolan/${folder}` }),
          )
          await mkdir(join(mounted.path, folder))
          await writeFile(join(mounted.path, folder, 'tls.crt'), certificates.good)
          await writeFile(join(mounted.path, folder, 'tls.key'), certificates.key)
        }
      }
      const portNamed = (name: unknown) => container!.ports!.find((port) => port.name === name)!.containerPort
      const ask = ({ httpGet }: Probe, host = '127.0.0.1') => {
        expect(httpGet.scheme).toBe(scheme)
        return statusOf(scheme, host, portNamed(httpGet.port), httpGet.path)
      }
      const { startupProbe, livenessProbe, readinessProbe } = container!

      const words = container!.args.map((word) => word.replace('/etc/portolan', mounted.path))
      await using door = startCommand(words, { folder: mounted.path })
      await until('readiness', async () => (await ask(readinessProbe!)) === 200)
      expect(await ask(livenessProbe!)).toBe(200)
      expect(await ask(startupProbe!, '::1')).toBe(200)
      expect(await statusOf(scheme, '127.0.0.1', portNamed('door'), '/v2/')).toBe(200)
      expect(await statusOf(scheme, '::1', portNamed('door'), '/v2/')).toBe(200)
      door.process.kill('SIGTERM')
      await until('its end to be said', async () => (await ask(readinessProbe!)) === 503)
      expect(await ask(livenessProbe!)).toBe(200)
      expect(await statusOf(scheme, '127.0.0.1', portNamed('door'), '/v2/')).toBe(200)
      expect((await door.ended).code).toBe(0)
    },
  )
})

/** The words of a container, with the file that stands here for the one that is mounted. */
function asRunHere(args: readonly string[], file: string): string[] {
  expect(args).toContain(CONFIG_FILE)
  return args.map((word) => (word === CONFIG_FILE ? file : word))
}

/** As the kubelet asks, which takes any certificate; `undefined` where nobody listens. */
function statusOf(
  scheme: 'HTTP' | 'HTTPS',
  host: string,
  port: number,
  path: string,
): Promise<number | undefined> {
  const { get } = scheme === 'HTTPS' ? https : http
  return new Promise((resolve) => {
    get({ host, port, path, rejectUnauthorized: false, agent: false }, (reply) => {
      reply.resume()
      resolve(reply.statusCode)
    }).on('error', () => resolve(undefined))
  })
}
