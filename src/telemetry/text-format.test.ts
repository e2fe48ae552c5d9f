import { expect, test } from 'vitest'
import { parseExposition } from '../../test/support/exposition.ts'
import { CounterFamily, HistogramFamily } from './family.ts'
import { formatFamilies } from './text-format.ts'

test('what a label, a help or a value holds does not break the format', () => {
  const counter = new CounterFamily({ name: 'a_total', help: 'a\nb\\c', labels: ['path'] })
  const odd = 'a"b\\n\n,{}'
  counter.at(odd).value = Number.POSITIVE_INFINITY
  const text = formatFamilies([counter])
  expect(text.split('\n')[0]).toBe('# HELP a_total a\\nb\\\\c')
  expect(parseExposition(text)).toEqual([
    { name: 'a_total', labels: { path: odd }, value: Number.POSITIVE_INFINITY },
  ])
})

test('a counter without labels is one series', () => {
  const counter = new CounterFamily({ name: 'a_total', help: '', labels: [] })
  expect(parseExposition(formatFamilies([counter]))).toEqual([])
  counter.at().value += 2
  counter.at().value += 3
  expect(parseExposition(formatFamilies([counter]))).toEqual([{ name: 'a_total', labels: {}, value: 5 }])
})

test('the buckets of a histogram come with its sum and its count', () => {
  const histogram = new HistogramFamily({ name: 'b_seconds', help: '', labels: ['kind'], bounds: [1] })
  histogram.at('x').observe(2)
  expect(formatFamilies([histogram])).toBe(
    [
      '# HELP b_seconds ',
      '# TYPE b_seconds histogram',
      'b_seconds_bucket{kind="x",le="1"} 0',
      'b_seconds_bucket{kind="x",le="+Inf"} 1',
      'b_seconds_sum{kind="x"} 2',
      'b_seconds_count{kind="x"} 1',
      '',
    ].join('\n'),
  )
})
