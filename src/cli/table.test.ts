import { expect, it } from 'vitest'
import { formatTable } from './table.ts'

const HEAD = ['backend', 'place', 'verdict']
const ROWS = [
  ['paris', 'aws/eu-west-3', 'taken'],
  ['iowa', 'gcp/us-central1', 'unhealthy: ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:46321'],
]

it('is one line a row where it fits', () => {
  expect(formatTable(HEAD, ROWS.slice(0, 1), 60)).toBe(
    '  backend  place          verdict\n  paris    aws/eu-west-3  taken',
  )
})

it('is a record a row where it does not, and no line is longer than the terminal', () => {
  expect(formatTable(HEAD, ROWS, 44)).toBe(`  backend  paris
  place    aws/eu-west-3
  verdict  taken

  backend  iowa
  place    gcp/us-central1
  verdict  unhealthy: ECONNREFUSED: connect
           ECONNREFUSED 127.0.0.1:46321`)
})

it.each([60, 40, 25])('fits %i columns, whatever stands in it', (width) => {
  const text = formatTable(HEAD, [...ROWS, ['x'.repeat(200), '', 'a b '.repeat(50)]], width)
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(width)
  expect(text.replace(/\s/g, '')).toContain('x'.repeat(200).slice(0, 5))
})

it('has all columns in one line where there is no terminal', () => {
  expect(formatTable(HEAD, ROWS).split('\n')).toHaveLength(3)
})
