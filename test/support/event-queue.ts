/** What happens in a simulated world, in the order of its time. */
export interface EventQueue {
  /** Milliseconds since the world began. */
  now(): number
  /** Lets something happen after so many milliseconds. */
  after(milliseconds: number, event: () => void): void
  /** Lets everything happen that is due until then, and what follows from it. */
  runUntil(end: number): void
}

interface Entry {
  readonly at: number
  /** What was planned first happens first. */
  readonly order: number
  readonly event: () => void
}

/** A binary heap: worlds have hundreds of thousands of events. */
export function createEventQueue(): EventQueue {
  const heap: Entry[] = []
  let now = 0
  let planned = 0

  return {
    now: () => now,
    after: (milliseconds, event) => push(heap, { at: now + milliseconds, order: planned++, event }),
    runUntil(end) {
      while (heap.length > 0 && heap[0]!.at <= end) {
        const { at, event } = pop(heap)
        now = at
        event()
      }
      now = end
    },
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length
  while (at > 0 && isBefore(entry, heap[(at - 1) >> 1]!)) {
    heap[at] = heap[(at - 1) >> 1]!
    at = (at - 1) >> 1
  }
  heap[at] = entry
}

function pop(heap: Entry[]): Entry {
  const first = heap[0]!
  const last = heap.pop()!
  if (heap.length === 0) return first
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
    if (child >= heap.length || !isBefore(heap[child]!, last)) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = last
  return first
}
