import type { Metrics } from './metrics.ts'
import { formatFamilies } from './text-format.ts'

/** What Prometheus scrapes. */
export interface Exposition {
  readonly contentType: string
  readonly text: string
}

/** Prometheus' text format. */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * Writes metrics, and after them what the runtime tells of its process, in Prometheus' text format. Our own are not a
 * library's: those find a series by a string that they build of its labels on each count.
 */
export function createExposition(
  { families }: Metrics,
  ofProcess?: () => Promise<Exposition>,
): () => Promise<Exposition> {
  return async () => {
    if (ofProcess === undefined) return { contentType: CONTENT_TYPE, text: formatFamilies(families) }
    const { contentType, text } = await ofProcess()
    return { contentType, text: `${formatFamilies(families)}\n${text}` }
  }
}
