import fc from 'fast-check'
import { expect, test } from 'vitest'
import { escapeReferences, substituteEnvironment } from './environment.ts'

const ENVIRONMENT = { A: 'a', EMPTY: '', DOLLAR: `\${A}`, UNSET: undefined }

test.each([
  ['plain', 'plain'],
  [`x\${A}y\${A}`, 'xaya'],
  [`\${EMPTY}`, ''],
  [`\${EMPTY:-b}`, 'b'],
  [`\${UNSET:-}`, ''],
  [`\${UNSET:-b:-c}`, 'b:-c'],
  [`\${A:-b}`, 'a'],
  [`$\${A}`, `\${A}`],
  [`\${DOLLAR}`, `\${A}`],
  ['$A {A} $', '$A {A} $'],
])('%j becomes %j', (text, result) => {
  expect(substituteEnvironment({ key: [text] }, ENVIRONMENT)).toEqual({
    value: { key: [result] },
    remarks: [],
  })
})

test.each([
  [`\${UNSET}`, /^UNSET is not set in the environment/],
  [`\${toString}`, /^toString is not set in the environment/],
  [`\${A`, /must be \$\{NAME\} or \$\{NAME:-default\}/],
  [`\${}`, /must be \$\{NAME\}/],
  [`\${1A}`, /must be \$\{NAME\}/],
  [`\${A-b}`, /must be \$\{NAME\}/],
])('%j is a fault at its path', (text, message) => {
  const { remarks } = substituteEnvironment({ list: [1, { key: text }] }, ENVIRONMENT)
  expect(remarks).toEqual([{ path: ['list', 1, 'key'], message: expect.stringMatching(message) }])
})

test('keys, numbers and truth values are left alone', () => {
  const value = Object.fromEntries([[`\${A}`, [1, true, null]]])
  expect(substituteEnvironment(value, ENVIRONMENT)).toEqual({ value, remarks: [] })
})

test('an escaped text comes back as it was', () => {
  const text = fc.array(fc.constantFrom('$', '{', '}', 'A', ':-', 'x')).map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, (sample) => {
      expect(substituteEnvironment(escapeReferences(sample), ENVIRONMENT)).toEqual({
        value: sample,
        remarks: [],
      })
    }),
  )
})
