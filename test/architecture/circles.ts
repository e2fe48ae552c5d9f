/**
 * The circles of a graph, each as `a → b → a` from its first name on: for every name that leads back to itself the
 * shortest way to do so, and each way once.
 */
export function findCircles(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const circles = new Set<string>()
  for (const start of [...graph.keys()].sort()) {
    const circle = shortestWay(graph, start)
    if (circle !== undefined) circles.add(fromFirst(circle))
  }
  return [...circles]
}

/** From a name back to itself, over as few others as possible. */
function shortestWay(graph: ReadonlyMap<string, ReadonlySet<string>>, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>()
  const waiting = [start]
  for (const name of waiting) {
    for (const next of graph.get(name) ?? []) {
      if (next === start) return wayTo(name, start, cameFrom)
      if (cameFrom.has(next)) continue
      cameFrom.set(next, name)
      waiting.push(next)
    }
  }
  return undefined
}

function wayTo(end: string, start: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const way = [end]
  while (way[0] !== start) way.unshift(cameFrom.get(way[0]!)!)
  return way
}

/** The same circle reads the same, wherever it was begun. */
function fromFirst(circle: readonly string[]): string {
  const first = circle.indexOf(circle.toSorted()[0]!)
  const turned = [...circle.slice(first), ...circle.slice(0, first)]
  return [...turned, turned[0]].join(' → ')
}
