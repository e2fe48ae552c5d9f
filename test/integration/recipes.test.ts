import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { parseConfig } from '../../src/config/parse.ts'
import { formatAddress } from '../../src/net/address.ts'
import { createClientAddress } from '../../src/net/client-address.ts'
import { parsePrefix } from '../../src/net/prefix.ts'

const DEPLOY = join(import.meta.dirname, '../../deploy')
const read = (path: string) => readFileSync(join(DEPLOY, path), 'utf8')

/** What the configs of the recipes take from their environment. */
const ENVIRONMENT = { BALANCER_IPV4: '203.0.113.10', BALANCER_IPV6: '2001:db8::10' }

const CONFIGS = readdirSync(DEPLOY, { recursive: true, encoding: 'utf8' }).filter(
  (path) => path.endsWith('.yaml') && /^version: 1$/m.test(read(path)),
)
const parsed = (path: string) =>
  parseConfig(read(path), { environment: ENVIRONMENT, baseFolder: DEPLOY, fileName: path })

it.each(CONFIGS)('deploy/%s has no fault, and does what it says', (path) => {
  // Of a worker, the runtime says where its clients are, which nothing else does.
  const warnings = path.startsWith('workers/') ? expect.anything() : []
  expect(parsed(path)).toMatchObject({ config: { version: 1 }, warnings })
})

/** How a recipe's doors see who is before them, and what such a proxy sends. */
const CLIENTS: readonly (readonly [
  recipe: string,
  peer: string,
  header: string | undefined,
  client: string,
])[] = [
  ['cloud-run', '169.254.8.129', '198.51.100.7,203.0.113.10', '198.51.100.7'],
  ['cloud-run', '169.254.8.129', '198.51.100.7, 203.0.113.10', '198.51.100.7'],
  ['cloud-run', '169.254.8.129', '2001:db8:1::7,2001:db8::10', '2001:db8:1::7'],
  ['cloud-run', '169.254.8.129', '8.8.8.8,198.51.100.7,203.0.113.10', '198.51.100.7'],
  // A client that says it is the balancer.
  ['cloud-run', '169.254.8.129', '8.8.8.8,203.0.113.10,198.51.100.7,203.0.113.10', '198.51.100.7'],
  ['cloud-run', '169.254.8.129', 'not an address,198.51.100.7,203.0.113.10', '198.51.100.7'],
  // Past the balancer, and what Cloud Run once sent behind it (kubernetes/registry.k8s.io#63).
  ['cloud-run', '169.254.8.129', '198.51.100.7', '198.51.100.7'],
  ['cloud-run', '169.254.8.129', '198.51.100.7,2001:db8::10,198.51.100.7', '198.51.100.7'],
  ['proxies', '127.0.0.1', '8.8.8.8, 198.51.100.7', '198.51.100.7'],
  ['proxies', '::1', '198.51.100.7', '198.51.100.7'],
  // Who comes past the proxy is not believed.
  ['proxies', '198.51.100.7', '8.8.8.8', '198.51.100.7'],
]

it.each(CLIENTS)('%s: %s with %s is %s', (recipe, peer, header, client) => {
  const found = parsed(`${recipe}/portolan.yaml`)
  if (!('config' in found)) throw new Error('it is faulty')
  const { clients } = found.config
  const trustedProxies = clients.trustedProxies.map((proxy) => parsePrefix(proxy))
  const { address } = createClientAddress({ ...clients, trustedProxies })(peer, (name) =>
    name === 'x-forwarded-for' ? header : undefined,
  )
  expect(address && formatAddress(address)).toBe(client)
})

/**
 * The part of Cloud Run's form that the recipe uses, and no other key, as
 * https://cloud.google.com/run/docs/reference/yaml/v1 has it.
 */
const probe = z.strictObject({
  httpGet: z.strictObject({ path: z.string().startsWith('/'), port: z.int().min(1).max(65_535) }),
  initialDelaySeconds: z.int().min(0).max(240).optional(),
  periodSeconds: z.int().min(1).max(240),
  timeoutSeconds: z.int().min(1).max(240),
  failureThreshold: z.int().min(1),
})
const named = z.strictObject({ name: z.string(), value: z.string() })
const service = z.strictObject({
  apiVersion: z.literal('serving.knative.dev/v1'),
  kind: z.literal('Service'),
  metadata: z.strictObject({
    name: z.string().regex(/^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$/),
    annotations: z.strictObject({
      'run.googleapis.com/ingress': z.enum(['all', 'internal', 'internal-and-cloud-load-balancing']),
      'run.googleapis.com/invoker-iam-disabled': z.enum(['true', 'false']),
    }),
  }),
  spec: z.strictObject({
    template: z.strictObject({
      metadata: z.strictObject({
        annotations: z.strictObject({
          'autoscaling.knative.dev/minScale': z.string().regex(/^\d+$/),
          'autoscaling.knative.dev/maxScale': z.string().regex(/^\d+$/),
          'run.googleapis.com/cpu-throttling': z.enum(['true', 'false']),
          'run.googleapis.com/startup-cpu-boost': z.enum(['true', 'false']),
        }),
      }),
      spec: z.strictObject({
        serviceAccountName: z.string().regex(/^[a-z0-9-]+@[\w-]+\.iam\.gserviceaccount\.com$/),
        containerConcurrency: z.int().min(1).max(1000),
        timeoutSeconds: z.int().min(1).max(3600),
        containers: z.tuple([
          z.strictObject({
            image: z.string().regex(/@sha256:/),
            ports: z.tuple([
              z.strictObject({ name: z.enum(['http1', 'h2c']), containerPort: z.int().min(1).max(65_535) }),
            ]),
            env: z.array(named),
            resources: z.strictObject({
              limits: z.strictObject({ cpu: z.string(), memory: z.string().regex(/^\d+(Mi|Gi)$/) }),
            }),
            volumeMounts: z.array(
              z.strictObject({ name: z.string(), mountPath: z.string().startsWith('/') }),
            ),
            // Together at most 240 seconds.
            startupProbe: probe.refine((each) => each.periodSeconds * each.failureThreshold <= 240),
            livenessProbe: probe,
          }),
        ]),
        volumes: z.array(
          z.strictObject({
            name: z.string(),
            secret: z.strictObject({
              secretName: z.string(),
              items: z.array(z.strictObject({ key: z.string(), path: z.string() })),
            }),
          }),
        ),
      }),
    }),
    traffic: z.array(z.strictObject({ percent: z.int().min(0).max(100), latestRevision: z.literal(true) })),
  }),
})

describe('the service of Cloud Run', () => {
  const { template } = service.parse(parse(read('cloud-run/service.yaml'))).spec
  const [container] = template.spec.containers

  it('gives the config what that takes from its environment, under the name that the command reads', () => {
    const given = container.env.map(({ name }) => name)
    const taken = [...read('cloud-run/portolan.yaml').matchAll(/\$\{(\w+)(:-)?/g)]
    expect(given).toEqual(taken.flatMap(([, name, hasDefault]) => (hasDefault ? [] : [name])))
    const [mount] = container.volumeMounts
    const [volume] = template.spec.volumes
    expect(mount!.name).toBe(volume!.name)
    expect(read('docker/Dockerfile')).toContain(`"${mount!.mountPath}/${volume!.secret.items[0]!.path}"`)
  })

  it('probes the admin service where the config has it, and sends requests where that listens', () => {
    const found = parsed('cloud-run/portolan.yaml')
    if (!('config' in found)) throw new Error('it is faulty')
    expect(container.startupProbe.httpGet).toEqual({ path: '/readyz', port: found.config.admin!.port })
    expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: found.config.admin!.port })
    expect(container.ports[0].containerPort).toBe(found.config.listen.port)
  })

  it('has the memory that new ranges take, its file system among it', () => {
    const [, number, unit] = /^(\d+)(Mi|Gi)$/.exec(container.resources.limits.memory)!
    expect(Number(number) * (unit === 'Gi' ? 1024 : 1)).toBeGreaterThanOrEqual(768)
  })

  it('names every word that is to be replaced on its page', () => {
    const words = [...read('cloud-run/service.yaml').matchAll(/(?<=[@:/. ])(PROJECT|REGION|DIGEST)\b/g)].map(
      ([word]) => word,
    )
    expect(new Set(words)).toEqual(new Set(['PROJECT', 'REGION', 'DIGEST']))
    const page = read('cloud-run/README.md')
    for (const word of words) expect(page).toMatch(new RegExp(`(?<![$"])\\b${word}\\b`))
  })
})
