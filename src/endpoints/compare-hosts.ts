/** A host and port, and whatever is there. */
export interface ComparedHost {
  readonly host: string
  /** `null` for a listener that takes a free one. */
  readonly port: number | null
  readonly why: readonly string[]
}

/** What a network has to change when one list of hosts gives way to another. */
export interface HostsDiff {
  /** To be allowed now. */
  readonly added: readonly ComparedHost[]
  /** No longer needed. */
  readonly removed: readonly ComparedHost[]
}

/** Compares two lists of hosts and ports, whatever they are needed for; each keeps its order. Pure. */
export function compareHosts(before: readonly ComparedHost[], after: readonly ComparedHost[]): HostsDiff {
  return { added: without(after, before), removed: without(before, after) }
}

function without(hosts: readonly ComparedHost[], others: readonly ComparedHost[]): ComparedHost[] {
  const known = new Set(others.map(keyOf))
  return hosts.filter((host) => !known.has(keyOf(host))).map(({ host, port, why }) => ({ host, port, why }))
}

function keyOf({ host, port }: ComparedHost): string {
  return `${host} ${port}`
}
