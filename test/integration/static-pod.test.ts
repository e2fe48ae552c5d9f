import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { loadConfig } from '../../src/config/load.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

const quantity = z.string().regex(/^\d+(?:m|Mi|Gi)?$/)
const probe = z.strictObject({
  httpGet: z.strictObject({ host: z.string(), port: z.int(), path: z.string().startsWith('/') }),
  periodSeconds: z.int().min(1),
  failureThreshold: z.int().min(1).optional(),
})
const volume = z.strictObject({
  name: z.string(),
  hostPath: z.strictObject({ path: z.string().startsWith('/'), type: z.literal('Directory') }).optional(),
  emptyDir: z.strictObject({ sizeLimit: quantity }).optional(),
})

/** The part of a pod's form that the recipe uses, and no other key, as the reference of the Kubernetes API has it. */
const pod = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Pod'),
  metadata: z.strictObject({
    name: z.string(),
    namespace: z.literal('kube-system'),
    labels: z.record(z.string(), z.string()),
  }),
  spec: z.strictObject({
    hostNetwork: z.literal(true),
    dnsPolicy: z.literal('Default'),
    priorityClassName: z.literal('system-node-critical'),
    automountServiceAccountToken: z.literal(false),
    terminationGracePeriodSeconds: z.int(),
    securityContext: z.strictObject({
      runAsNonRoot: z.literal(true),
      runAsUser: z.int(),
      runAsGroup: z.int(),
      seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
    }),
    containers: z.tuple([
      z.strictObject({
        name: z.string(),
        image: z.string().endsWith(':VERSION'),
        imagePullPolicy: z.literal('Never'),
        args: z.array(z.string()),
        ports: z.tuple([z.strictObject({ name: z.string(), containerPort: z.int(), hostPort: z.int() })]),
        livenessProbe: probe,
        readinessProbe: probe,
        resources: z.strictObject({
          requests: z.strictObject({ cpu: quantity, memory: quantity }),
          limits: z.strictObject({ memory: quantity }),
        }),
        securityContext: z.strictObject({
          allowPrivilegeEscalation: z.literal(false),
          readOnlyRootFilesystem: z.literal(true),
          capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
        }),
        volumeMounts: z.array(
          z.strictObject({ name: z.string(), mountPath: z.string(), readOnly: z.literal(true).optional() }),
        ),
      }),
    ]),
    volumes: z.array(volume),
  }),
})

const { spec } = pod.parse(parse(read('deploy/static-pod/mirror.yaml')))
const [container] = spec.containers
const example = loadConfig(read('examples/mirror-kubernetes.yaml'), { baseFolder: '/etc/portolan' })

it('the static pod of a mirror runs as the image does, with its command', () => {
  const dockerfile = read('deploy/docker/Dockerfile')
  expect(dockerfile).toContain(`USER ${spec.securityContext.runAsUser}:${spec.securityContext.runAsGroup}`)
  expect(dockerfile).toContain(`CMD ${JSON.stringify(container.args).replaceAll(',', ', ')}`)
})

it('it listens and is asked where the example of a mirror has it', () => {
  const [{ containerPort, hostPort }] = container.ports
  expect([containerPort, hostPort]).toEqual([example.listen.port, example.listen.port])
  const admin = { host: '127.0.0.1', port: example.admin!.port }
  expect(container.livenessProbe.httpGet).toEqual({ ...admin, path: '/healthz' })
  expect(container.readinessProbe.httpGet).toEqual({ ...admin, path: '/readyz' })
})

it('it keeps what it fetches on the node, and mounts what it has', () => {
  const names = spec.volumes.map(({ name }) => name)
  expect(container.volumeMounts.map(({ name }) => name)).toEqual(names)
  const kept = spec.volumes.find(({ hostPath }) => example.cache!.folder.startsWith(`${hostPath?.path}/`))
  expect(container.volumeMounts.find(({ name }) => name === kept?.name)).toEqual({
    name: kept!.name,
    mountPath: kept!.hostPath!.path,
  })
})

it('docs/mirror.md tells of each folder that has to be there, and of the word that is to be replaced', () => {
  const page = read('docs/mirror.md')
  expect(page).toContain('VERSION')
  for (const { hostPath } of spec.volumes) if (hostPath) expect(page).toContain(hostPath.path)
})
