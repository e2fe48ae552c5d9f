/** A kind of object of the Kubernetes API, as it is listed. */
export interface ClusterResource {
  readonly kind: string
  /** Plural, as in paths and in the rules of RBAC. */
  readonly name: string
  /** Group and version, the one to ask for first: a cluster has what it serves of one of them. */
  readonly versions: readonly string[]
  /** Its objects are in no namespace. */
  readonly isClusterWide?: true
  /** Which of its objects are asked for, in the API's own words; all without it. */
  readonly fieldSelector?: string
}

/** A kind that has a pod spec. */
export interface WorkloadResource extends ClusterResource {
  /** The keys that lead to the pod spec. */
  readonly podSpec: readonly string[]
}

const TEMPLATE = ['spec', 'template', 'spec']

/** The kinds of Kubernetes itself that run pods, in the order in which they are read. */
export const WORKLOADS: readonly WorkloadResource[] = [
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

/**
 * Events about pods. The core group has those too that are made through events.k8s.io (KEP-383). What goes well is
 * most of them, and is left to the server.
 */
export const POD_EVENTS: ClusterResource = {
  kind: 'Event',
  name: 'events',
  versions: ['v1'],
  fieldSelector: [
    'involvedObject.kind=Pod',
    ...['Scheduled', 'Pulling', 'Pulled', 'Created', 'Started', 'Killing', 'Unhealthy'].map(
      (reason) => `reason!=${reason}`,
    ),
  ].join(','),
}

/** As RBAC and kubectl name it, such as `deployments.apps`. */
export function qualifiedName({ name, versions }: ClusterResource): string {
  const group = groupOf(versions[0]!)
  return group === '' ? name : `${name}.${group}`
}

/** `apps` of `apps/v1`; '' for the core group. */
export function groupOf(version: string): string {
  return version.includes('/') ? version.slice(0, version.indexOf('/')) : ''
}

/** The path under which all of it is listed, or what is in one namespace. */
export function listPath({ name }: ClusterResource, version: string, namespace?: string): string {
  const api = version.includes('/') ? `/apis/${version}` : `/api/${version}`
  return namespace === undefined
    ? `${api}/${name}`
    : `${api}/namespaces/${encodeURIComponent(namespace)}/${name}`
}
