import { expect, test } from 'vitest'
import { makeRanges } from '../../test/support/test-ranges.ts'
import { diffRanges } from './diff.ts'

const before = makeRanges({
  '5.0.0.0/16': 'aws/eu-west-3',
  '5.1.0.0/16': 'aws/eu-west-3',
  '5.2.0.0/16': 'aws/us-east-1',
  '6.0.0.0/16': 'gcp/europe-west9',
  '7.0.0.0/16': 'fastly',
})

test('what is new, gone and moved is counted by place, the provider’s places together', () => {
  const after = makeRanges({
    '5.0.0.0/16': 'aws/eu-west-3',
    '5.2.0.0/16': 'aws/eu-west-3',
    '5.3.0.0/16': 'aws/eu-west-3',
    '6.0.0.0/16': 'gcp/europe-west9',
    '6.1.0.0/16': 'gcp/us-central1',
  })
  expect(diffRanges(before, after)).toEqual([
    { provider: 'aws', place: 'aws/eu-west-3', prefixes: 3, added: 1, removed: 1, moved: 1 },
    { provider: 'gcp', place: 'gcp/us-central1', prefixes: 1, added: 1, removed: 0, moved: 0 },
    { provider: 'fastly', place: 'fastly', prefixes: 0, added: 0, removed: 1, moved: 0 },
  ])
})

test('nothing differs between a snapshot and itself', () => {
  expect(diffRanges(before, before)).toEqual([])
})
