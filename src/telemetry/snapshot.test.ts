import { expect, it } from 'vitest'
import { CounterFamily, type GaugeFamily, HistogramFamily } from './family.ts'
import { addCounts, mergeFamilies, snapshotFamilies } from './snapshot.ts'
import { type AnyFamily, formatFamilies } from './text-format.ts'

const gauge = (name: string, value: number, merge?: 'sum' | 'max'): GaugeFamily => ({
  ...{ name, help: 'h', labels: [], type: 'gauge' },
  ...(merge && { merge }),
  series: () => [[[], value]],
})

/** What one process has counted. */
function familiesOf(count: number, seconds: number): AnyFamily[] {
  const counter = new CounterFamily({ name: 'answers_total', help: 'h', labels: ['status'] })
  counter.at('200').value = count
  const histogram = new HistogramFamily({ name: 'wait_seconds', help: 'h', labels: ['of'], bounds: [1, 2] })
  histogram.at('x').observe(seconds)
  return [
    ...[counter, histogram, gauge('running', count, 'sum'), gauge('remembered', count, 'max')],
    gauge('healthy', 1),
  ]
}

const textOf = (families: readonly AnyFamily[]) =>
  formatFamilies(families)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

it('adds up what several have counted: sums, the largest, and once what all say alike', () => {
  const others = [familiesOf(2, 1.5), familiesOf(5, 9)].map(snapshotFamilies)
  expect(textOf(mergeFamilies(familiesOf(1, 0.5), others))).toEqual([
    'answers_total{status="200"} 8',
    'wait_seconds_bucket{of="x",le="1"} 1',
    'wait_seconds_bucket{of="x",le="2"} 2',
    'wait_seconds_bucket{of="x",le="+Inf"} 3',
    'wait_seconds_sum{of="x"} 11',
    'wait_seconds_count{of="x"} 3',
    'running 8',
    'remembered 5',
    'healthy 1',
  ])
})

it('keeps of those that are gone what only grows', () => {
  const gone = [familiesOf(2, 1.5), familiesOf(5, 9)].map(snapshotFamilies).reduce(addCounts, [])
  expect(gone.map(({ name }) => name)).toEqual(['answers_total', 'wait_seconds'])
  expect(textOf(mergeFamilies(familiesOf(1, 0.5), [gone]))).toContain('answers_total{status="200"} 8')
})

it('takes nothing from others that is no family of its own, or of other buckets', () => {
  const others = snapshotFamilies([
    new CounterFamily({ name: 'strange_total', help: 'h', labels: ['of'] }),
    gauge('answers_total', 9, 'sum'),
  ])
  const own = familiesOf(1, 0.5)
  expect(textOf(mergeFamilies(own, [others]))).toEqual(textOf(own))
})
