import { expect, it } from 'vitest'
import { findHelmTemplate, findHelmValues, findKubernetes } from './finders/kubernetes.ts'

/** `count` keys, each of which stands for nine times what the one before stands for. */
function bomb(first: string, item: (name: string) => string, count = 50): string {
  const lines = [`a0: &a0 ${first}`]
  for (let n = 1; n < count; n++) lines.push(`a${n}: &a${n} ${item(`*a${n - 1}`)}`)
  return lines.join('\n')
}
const nine = (text: string) => Array(9).fill(text).join(', ')

it.each([
  ['aliases of aliases', bomb('{image: k8s.gcr.io/pause}', (alias) => `[${nine(alias)}]`), 1],
  ['maps that merge maps', bomb('{image: k8s.gcr.io/pause}', (alias) => `{<<: [${nine(alias)}]}`), 1],
  ['an alias within its own anchor', 'a: &a\n  <<: *a\n  b: *a\n  image: k8s.gcr.io/pause\n', 1],
  ['an alias that leads nowhere', 'image: *none\nother: {image: k8s.gcr.io/pause}', 1],
  ['an anchor of an alias', 'a: &a k8s.gcr.io/pause\nb: [*a, *a]\nimage: *a', 1],
  ['lists within lists', `${'['.repeat(20_000)}k8s.gcr.io/pause`, 0],
  ['maps within maps', '{image: '.repeat(20_000), 0],
  ['lists of one line', '- '.repeat(20_000), 0],
  ['NUL and lone surrogates', 'image: "\u0000\uD800k8s.gcr.io/pause"', 0],
  ['nothing', '', 0],
  ['documents without end', `${'---\n'.repeat(20_000)}image: k8s.gcr.io/pause`, 1],
  ['a long line', `image: "${'see k8s.gcr.io/pause '.repeat(100_000)}"`, 0],
  ['a long list in one line', `image: "${'k8s.gcr.io/pause '.repeat(100_000)}"`, 100_000],
  ['a text longer than is parsed', 'image: k8s.gcr.io/pause\n'.repeat(100_000), 100_000],
])('%s cost little, and hide nothing that can be read', (_, text, count) => {
  expect(findHelmValues({ path: 'values.yaml', text })).toHaveLength(count)
  expect(findKubernetes({ path: 'pod.yaml', text })).toHaveLength(count)
})

it.each([
  ['actions that never end', '{{"'.repeat(100_000)],
  ['strings that never end', '{{ `'.repeat(100_000)],
  ['comments that never end', '{{/*'.repeat(100_000)],
  ['a line of actions', `a: ${'{{ x }}'.repeat(100_000)}`],
  ['blanks', `image:${' '.repeat(500_000)}`],
])('%s cost little', (_, text) => {
  expect(findHelmTemplate({ path: 'templates/a.yaml', text })).toEqual([])
})
