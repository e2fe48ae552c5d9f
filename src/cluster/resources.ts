/** A kind of object of the Kubernetes API that has a pod spec. */
export interface ClusterResource {
  readonly kind: string
  /** Plural, as in paths and in the rules of RBAC. */
  readonly name: string
  /** Group and version, the newest first: a cluster has what it serves of one of them. */
  readonly versions: readonly string[]
  /** The keys that lead to the pod spec. */
  readonly podSpec: readonly string[]
}

const TEMPLATE = ['spec', 'template', 'spec']

/**
 * All that is read of a cluster, in this order. Custom resources are not: what they hold is for their operators alone
 * to say, and shows in the pods that come of it.
 */
export const CLUSTER_RESOURCES: readonly ClusterResource[] = [
  { kind: 'Deployment', name: 'deployments', versions: ['apps/v1'], podSpec: TEMPLATE },
  { kind: 'DaemonSet', name: 'daemonsets', versions: ['apps/v1'], podSpec: TEMPLATE },
  { kind: 'StatefulSet', name: 'statefulsets', versions: ['apps/v1'], podSpec: TEMPLATE },
  { kind: 'ReplicaSet', name: 'replicasets', versions: ['apps/v1'], podSpec: TEMPLATE },
  { kind: 'ReplicationController', name: 'replicationcontrollers', versions: ['v1'], podSpec: TEMPLATE },
  {
    kind: 'CronJob',
    name: 'cronjobs',
    // Kubernetes up to 1.20 has no other than the beta.
    versions: ['batch/v1', 'batch/v1beta1'],
    podSpec: ['spec', 'jobTemplate', ...TEMPLATE],
  },
  { kind: 'Job', name: 'jobs', versions: ['batch/v1'], podSpec: TEMPLATE },
  { kind: 'Pod', name: 'pods', versions: ['v1'], podSpec: ['spec'] },
]

/** As RBAC and kubectl name it, such as `deployments.apps`. */
export function qualifiedName({ name, versions }: ClusterResource): string {
  const [group, version] = versions[0]!.split('/')
  return version === undefined ? name : `${name}.${group}`
}

/** The path under which all of it is listed, or what is in one namespace. */
export function listPath({ name }: ClusterResource, version: string, namespace?: string): string {
  const api = version.includes('/') ? `/apis/${version}` : `/api/${version}`
  return namespace === undefined
    ? `${api}/${name}`
    : `${api}/namespaces/${encodeURIComponent(namespace)}/${name}`
}
