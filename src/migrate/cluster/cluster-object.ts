import { z } from 'zod'
import type { WorkloadResource } from '../../cluster/resources.ts'

/** What is of use of an object of a cluster. */
export interface ClusterObject {
  /** `Deployment/kube-system/coredns`. */
  readonly key: string
  /** The key of what controls it. */
  readonly controller?: string
  /** The node whose kubelet runs it from a file: the API has but a mirror of it. */
  readonly staticOn?: string
  /** It has ended for good, and pulls nothing any more. */
  readonly ended: boolean
  readonly podSpec: PodSpec
}

const CONTAINER = z.object({
  name: z.string().nullish(),
  image: z.string().nullish(),
  command: z.array(z.string()).nullish(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string().nullish() })).nullish(),
})

/** The parts of a pod spec where references may be. */
const POD_SPEC = z.object({
  containers: z.array(CONTAINER).nullish(),
  initContainers: z.array(CONTAINER).nullish(),
  ephemeralContainers: z.array(CONTAINER).nullish(),
  volumes: z
    .array(z.object({ name: z.string(), image: z.object({ reference: z.string().nullish() }).nullish() }))
    .transform((volumes) => volumes.filter(({ image }) => image?.reference))
    .nullish(),
})

export type PodSpec = z.infer<typeof POD_SPEC>

/** The images that a pod of this spec pulls, as they are written. */
export function* imagesOf(spec: PodSpec): Iterable<string> {
  const containers = [spec.containers, spec.initContainers, spec.ephemeralContainers]
  for (const { image } of containers.flatMap((each) => each ?? [])) if (image) yield image
  for (const { image } of spec.volumes ?? []) if (image?.reference) yield image.reference
}

const OBJECT = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().nullish(),
    annotations: z.record(z.string(), z.unknown()).nullish(),
    ownerReferences: z
      .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().nullish() }))
      .nullish(),
  }),
  spec: z.object({ nodeName: z.string().nullish() }).nullish(),
  status: z
    .object({
      phase: z.string().nullish(),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish(),
    })
    .nullish(),
})

/** Set by the kubelet on the mirror of a static pod (kubernetes.io/docs/reference/labels-annotations-taints). */
const MIRROR = 'kubernetes.io/config.mirror'

/** Reads an item of a list; `undefined` when it is no object of this kind. */
export function readClusterObject(
  { kind, podSpec }: WorkloadResource,
  item: unknown,
): ClusterObject | undefined {
  const object = OBJECT.safeParse(item).data
  const spec = POD_SPEC.safeParse(podSpec.reduce(valueAt, item)).data
  if (object === undefined || spec === undefined) return undefined
  const { name, namespace, annotations, ownerReferences } = object.metadata
  const keyOf = (of: { kind: string; name: string }) =>
    [of.kind, namespace, of.name].filter(Boolean).join('/')
  const controller = ownerReferences?.find((reference) => reference.controller)
  const staticOn = annotations?.[MIRROR] === undefined ? undefined : (object.spec?.nodeName ?? 'unknown')
  return {
    key: keyOf({ kind, name }),
    ...(controller && staticOn === undefined && { controller: keyOf(controller) }),
    ...(staticOn !== undefined && { staticOn }),
    ended: hasEnded(kind, object.status),
    podSpec: spec,
  }
}

/** What a controller has made of its own template says no more than that, or is what was there before it. */
export function isCopy({ kind }: WorkloadResource, { controller }: ClusterObject): boolean {
  return controller !== undefined && (kind.startsWith('Replica') || controller.startsWith('CronJob/'))
}

function hasEnded(kind: string, status: z.infer<typeof OBJECT>['status']): boolean {
  if (kind === 'Pod') return status?.phase === 'Succeeded' || status?.phase === 'Failed'
  if (kind !== 'Job') return false
  return (
    status?.conditions?.some(({ type, status }) => /^(?:Complete|Failed)$/.test(type) && status === 'True') ??
    false
  )
}

function valueAt(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
}
