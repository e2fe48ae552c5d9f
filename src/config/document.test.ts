import { expect, test } from 'vitest'
import { readDocument, TEXT_MAX } from './document.ts'

const bomb = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...['b', 'c', 'd'].map((name, index) => {
    const before = 'abc'[index]
    return `${name}: &${name} [${Array(9).fill(`*${before}`).join(',')}]`
  }),
].join('\n')

test.each<
  [name: string, text: string, message: RegExp, line: number | undefined, column: number | undefined]
>([
  ['two documents', 'a: 1\n---\nb: 2\n', /^must be one YAML document/, 2, 1],
  ['a key that stands twice', 'a: 1\nb:\n  c: 1\n  c: 2\n', /^this key stands here a second time/, 4, 3],
  ['a tab', 'a:\n\tb: 1\n', /^must be indented with spaces/, 2, 1],
  ['a key that is a list', '? [1]\n: 2\n', /^is not YAML: .*keys must be strings/, 1, 3],
  ['a list that does not end', 'a: [1,\n', /^is not YAML: /, 2, 1],
  ['what is no YAML, once', '# A\n\ntext: with `b`\n- c: d\n\n| e |\n|---|\n- f\n', /^is not YAML: /, 4, 1],
  ['an unknown tag', 'a: !thing 1\n', /^is not YAML: Unresolved tag: !thing/, 1, 4],
  ['a tag of YAML 1.1', 'a: !!binary aGk=\n', /^is not YAML: Unresolved tag/, 1, 4],
  ['an unknown directive', '%THING\n---\na: 1\n', /^is not YAML: Unknown directive/, 1, 1],
  ['an alias to nothing', 'a: 1\nb: *c\n', /^the alias \*c has no anchor before it/, 2, 4],
  ['an alias to what it stands in', 'a: &a [*a]\n', /^the alias \*a stands within its own anchor/, 1, 8],
  [
    'too many aliases',
    `a: &a 1\nb: [${'*a, '.repeat(101)}]\n`,
    /^has aliases that stand for too many/,
    2,
    405,
  ],
  ['aliases of aliases', bomb, /^has aliases that stand for too many values/, undefined, undefined],
  ['a deep nesting', '['.repeat(20_000), /^is nested too deeply$/, 1, expect.any(Number)],
  ['a flood of brackets', '['.repeat(TEXT_MAX), /^must not hold more than 600000/, undefined, undefined],
  ['a flood of maps', `[${'{},'.repeat(1_000_000)}]`, /^must not hold more than/, undefined, undefined],
  ['a flood of list items', '- '.repeat(1_000_000), /^must not hold more than/, undefined, undefined],
  ['a flood of keys', 'a: '.repeat(1_000_000), /^must not hold more than/, undefined, undefined],
  ['a key that stands twice', 'a: { b: 1, c: 2,\n  b: 3 }\n', /^this key stands here a second time/, 2, 3],
  ['a long text', `#${' '.repeat(TEXT_MAX)}`, /^must not be longer than/, undefined, undefined],
])('%s: refused in one line', (_, text, message, line, column) => {
  const position = line === undefined ? {} : { position: { line, column } }
  expect(readDocument(text)).toEqual({ faults: [{ message: expect.stringMatching(message), ...position }] })
})

test('of very many keys that stand twice, a hundred are told', () => {
  const document = readDocument('a: 1\n'.repeat(20_000))
  expect('faults' in document && document.faults.length).toBe(100)
})

test('a directive for YAML 1.1 does not change what words mean', () => {
  expect(readDocument('%YAML 1.1\n---\na: no\n<<: { b: 1 }\n')).toMatchObject({
    value: { a: 'no', '<<': { b: 1 } },
  })
})

test('values, keys and the places of missing values are located', () => {
  const document = readDocument('a: &x\n  - { b: 1,\n      c: 2 }\nd: *x\n')
  if ('faults' in document) throw new Error('unexpected')
  expect(document.value).toEqual({ a: [{ b: 1, c: 2 }], d: [{ b: 1, c: 2 }] })
  expect(document.locate(['a', 0, 'c'])).toEqual({ line: 3, column: 10 })
  expect(document.locate(['a', 0, 'c'], true)).toEqual({ line: 3, column: 7 })
  expect(document.locate(['a', 0, 'missing'])).toEqual({ line: 2, column: 5 })
  expect(document.locate(['d'])).toEqual({ line: 4, column: 4 })
  expect(document.locate(['d', 0, 'b'])).toEqual({ line: 2, column: 10 })
  expect(document.locate([])).toEqual({ line: 1, column: 1 })
})
