import { z } from 'zod'
import type { ClusterResource } from '../../cluster/resources.ts'

/** What is of use of a custom resource. */
export interface CustomObject {
  /** `Prometheus/monitoring/main`, without a namespace where it is in none. */
  readonly key: string
  readonly kind: string
  /** The group of its API, such as `monitoring.coreos.com`. */
  readonly group: string
  /** The key of what controls it, or what it is a copy of. */
  readonly controller?: string
  /** What somebody wrote into it, with its API and kind, and without its name. */
  readonly content: Readonly<Record<string, unknown>>
}

const OBJECT = z.looseObject({
  apiVersion: z.string().nullish(),
  metadata: z.object({
    name: z.string(),
    namespace: z.string().nullish(),
    annotations: z.record(z.string(), z.unknown()).nullish(),
    labels: z.looseObject({ 'olm.copiedFrom': z.string().nullish() }).nullish(),
    ownerReferences: z
      .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().nullish() }))
      .nullish(),
  }),
})

/** Annotations in which a tool keeps a copy of the whole object: kubectl and what takes after it, kapp. */
const COPIES = /last-applied|^kapp\.k14s\.io\/original/

/**
 * Reads an item of a list; `undefined` when it is no object. Left out is what would say the same again or is nobody's to
 * change: the status, managed fields, copies of what was applied.
 */
export function readCustomObject(
  { kind, versions }: ClusterResource,
  item: unknown,
): CustomObject | undefined {
  const { data } = OBJECT.safeParse(item)
  if (data === undefined) return undefined
  const { metadata, apiVersion, kind: _, status: __, ...rest } = data
  const { name, namespace, ownerReferences, labels } = metadata
  const keyOf = (of: { kind: string; name: string }, where = namespace) =>
    [of.kind, where, of.name].filter(Boolean).join('/')
  const controller = ownerReferences?.find((reference) => reference.controller)
  // The Operator Lifecycle Manager copies what holds for all namespaces into each of them.
  const copied = labels?.['olm.copiedFrom']
  const above = copied ? keyOf({ kind, name }, copied) : controller && keyOf(controller)
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => !COPIES.test(key))
  // Lists of kinds that are no custom resources leave their API to the list.
  const version = apiVersion ?? versions[0]!
  return {
    ...{ key: keyOf({ kind, name }), kind, group: version.replace(/\/.*/, '') },
    ...(above && { controller: above }),
    content: {
      ...{ apiVersion: version, kind },
      metadata: annotations.length > 0 ? { annotations: Object.fromEntries(annotations) } : {},
      ...rest,
    },
  }
}
