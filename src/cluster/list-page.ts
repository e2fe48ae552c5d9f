import { z } from 'zod'

/** One page of a list of the Kubernetes API. */
export interface ListPage {
  readonly items: readonly unknown[]
  /** What to ask for the next page with; absent on the last one. */
  readonly next?: string
}

const LIST = z.object({
  metadata: z.object({ continue: z.string().nullish() }).nullish(),
  // Go writes an empty list as null.
  items: z.array(z.unknown()).nullable(),
})

/** Reads a page; `undefined` when it is no list. */
export function readListPage(value: unknown): ListPage | undefined {
  const { data } = LIST.safeParse(value)
  if (data === undefined) return undefined
  const next = data.metadata?.continue
  return { items: data.items ?? [], ...(next && { next }) }
}

const NAMESPACE = z.object({ metadata: z.object({ name: z.string() }) })

/** The names of the namespaces of a page. */
export function readNamespaceNames(items: readonly unknown[]): string[] {
  return items.flatMap((item) => NAMESPACE.safeParse(item).data?.metadata.name ?? [])
}
