import type { TrafficRecord } from '../../routing/budget/billed-month.ts'
import type { Observe } from '../sent.ts'

/** Where traffic of sponsors is counted: in their accounts, or on its way to the process that keeps them. */
export interface TrafficSink {
  note(traffic: TrafficRecord): void
}

/** Counts what clients are sent to the backends of sponsors for. */
export function countSpending(sink: TrafficSink): Observe {
  return ({ client }, sent) => {
    if (sent?.sponsor === undefined) return
    const { backend, bytes, method } = sent
    const isGet = method === 'GET'
    const place = client?.located?.place ?? 'somewhere'
    sink.note({ backend: backend.id, place, bytes, gets: Number(isGet), heads: Number(!isGet) })
  }
}
