import { systemClock } from '../../src/adapters/clock.ts'
import type { Fetch } from '../../src/runtime.ts'
import { layered } from '../../src/transport/fetch.ts'
import { withTimeout } from '../../src/transport/timeout.ts'

/** The fetch that probes are given: the runtime's own, with a time limit. */
export function probeFetch(milliseconds = 500): Fetch {
  return layered((url, init) => fetch(url, init), withTimeout(milliseconds, systemClock))
}
