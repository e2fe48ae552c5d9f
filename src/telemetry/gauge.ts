import type { GaugeFamily } from './family.ts'

/** A gauge whose series are read when somebody asks; of several processes the first one's counts, unless they are merged. */
export function gauge(
  name: string,
  help: string,
  labels: readonly string[],
  series: GaugeFamily['series'],
  merge?: GaugeFamily['merge'],
): GaugeFamily {
  return { type: 'gauge', name, help, labels, series, ...(merge && { merge }) }
}
