import { z } from 'zod'
import type { ClusterAnswer, ClusterClient } from './client.ts'
import type { NotSeen } from './not-seen.ts'
import { type ClusterResource, groupOf } from './resources.ts'

/** What a cluster serves beside what every Kubernetes does. */
export interface CustomKinds {
  readonly kinds: readonly ClusterResource[]
  readonly notSeen: readonly NotSeen[]
}

/**
 * Groups that are of Kubernetes itself: what of them runs pods is known by name, and the others name no images. Metrics
 * are figures, made anew for each question.
 */
const KUBERNETES_GROUPS = new Set([
  ...['apps', 'autoscaling', 'batch', 'extensions', 'policy'],
  ...[
    ...['admissionregistration', 'apiextensions', 'apiregistration', 'authentication', 'authorization'],
    ...['certificates', 'coordination', 'discovery', 'events', 'flowcontrol.apiserver', 'internal.apiserver'],
    ...['networking', 'node', 'rbac.authorization', 'resource', 'scheduling', 'storage', 'storagemigration'],
    ...['metrics', 'custom.metrics', 'external.metrics'],
  ].map((name) => `${name}.k8s.io`),
])

/**
 * What a program wrote down of what it saw: a scanner's and a policy engine's reports, OpenShift's lists of images, the
 * operators of a catalogue. It is written anew whatever one does with it, and can be far more than all the rest.
 */
const RECORDS =
  /^(?:\w*reports|(?:images|imagestreamimages|imagestreamtags|imagetags)\.image\.openshift\.io|packagemanifests\..*)$/

const NAME = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/
/** Far more than clusters have: beyond this something gives names without an end. */
const VERSIONS_MAX = 2000
const KINDS_MAX = 5000

const GROUPS = z.object({
  groups: z.array(
    z.object({
      name: z.string().regex(NAME),
      versions: z.array(z.object({ version: z.string().regex(NAME) })),
      preferredVersion: z.object({ version: z.string().regex(NAME) }).nullish(),
    }),
  ),
})
const RESOURCES = z.object({
  resources: z.array(z.unknown()).nullable(),
})
const RESOURCE = z.object({
  // What has a slash is a part of an object, such as `pods/status`.
  name: z.string().regex(NAME),
  kind: z.string().min(1),
  namespaced: z.boolean(),
  verbs: z.array(z.string()),
})

/**
 * Asks which kinds a cluster serves that are not of Kubernetes itself: those of custom resource definitions and of
 * servers behind its own. Each is asked for in the version that its group prefers, if it is in that one; others that
 * serve it follow. Discovery is open to every account, unlike the definitions themselves.
 */
export async function findCustomKinds(client: ClusterClient): Promise<CustomKinds> {
  const answer = await client.get('/apis')
  const groups = answer.kind === 'found' ? GROUPS.safeParse(answer.value).data?.groups : undefined
  if (groups === undefined) return { kinds: [], notSeen: [notAsked('/apis', answer)] }
  const versions = groups.filter(({ name }) => !KUBERNETES_GROUPS.has(name)).flatMap(versionsOf)
  const kinds = new Map<string, ClusterResource>()
  const notSeen: NotSeen[] = []
  for (const version of versions.slice(0, VERSIONS_MAX)) {
    const path = `/apis/${version}`
    const served = await client.get(path)
    // Taken away since its group was listed.
    if (served.kind === 'missing') continue
    const resources = served.kind === 'found' ? RESOURCES.safeParse(served.value).data : undefined
    if (resources === undefined) notSeen.push(notAsked(path, served))
    else for (const resource of resources.resources ?? []) addKind(kinds, version, resource)
  }
  if (versions.length > VERSIONS_MAX || kinds.size >= KINDS_MAX) {
    const reason = `it serves more than ${VERSIONS_MAX} versions or ${KINDS_MAX} kinds: those behind them were left out`
    notSeen.push({ verb: 'get', resource: '/apis', reason })
  }
  return { kinds: [...kinds.values()], notSeen }
}

function versionsOf({
  name,
  versions,
  preferredVersion,
}: z.infer<typeof GROUPS>['groups'][number]): string[] {
  const all = versions.map(({ version }) => version)
  const first = preferredVersion?.version
  return [...new Set(first === undefined ? all : [first, ...all])].map((version) => `${name}/${version}`)
}

function addKind(kinds: Map<string, ClusterResource>, version: string, item: unknown): void {
  const { data } = RESOURCE.safeParse(item)
  if (data === undefined || !data.verbs.includes('list')) return
  const { name, kind, namespaced } = data
  const key = `${name}.${groupOf(version)}`
  if (RECORDS.test(name) || RECORDS.test(key)) return
  const known = kinds.get(key)
  if (known === undefined && kinds.size >= KINDS_MAX) return
  const versions = [...(known?.versions ?? []), version]
  kinds.set(key, { kind, name, versions, ...(!namespaced && { isClusterWide: true }) })
}

function notAsked(path: string, answer: ClusterAnswer): NotSeen {
  const why =
    answer.kind === 'failed'
      ? answer.reason
      : answer.kind === 'forbidden'
        ? `needs the right to get ${path}, as system:discovery gives it`
        : answer.kind === 'too-large'
          ? 'the answer is too large'
          : 'the answer is no list of them'
  const what = path === '/apis' ? 'kinds of custom resources' : `kinds of ${path.replace('/apis/', '')}`
  return { verb: 'get', resource: path, reason: `cannot ask for ${what}: ${why}` }
}
