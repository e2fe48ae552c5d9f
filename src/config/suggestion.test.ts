import { expect, test } from 'vitest'
import { nearestWord, suggestion } from './suggestion.ts'

test.each([
  ['lisen', ['listen', 'version'], 'listen'],
  ['agcp', ['aws', 'gcp'], 'gcp'],
  ['gpc', ['aws', 'gcp'], 'gcp'],
  ['STORES', ['stores'], 'stores'],
  ['negativTtl', ['ttl', 'negativeTtl'], 'negativeTtl'],
  ['eu-wst-3', ['eu-west-1', 'eu-west-3'], 'eu-west-3'],
  ['hetzner', ['aws', 'azure', 'gcp'], undefined],
  ['x', ['url', 'id'], undefined],
  ['', ['a'], 'a'],
])('%s among %j suggests %s', (written, words, nearest) => {
  expect(nearestWord(written, words)).toBe(nearest)
  expect(suggestion(written, words)).toBe(nearest === undefined ? '' : ` (did you mean "${nearest}"?)`)
})
