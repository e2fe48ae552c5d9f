import { expect, it } from 'vitest'
import { jsonPieces } from './print.ts'

it.each([
  [{}],
  [{ version: 1, files: 0, findings: [] }],
  [
    {
      findings: [{ path: 'a\nb', parts: { whole: { span: { start: 1 } } }, edits: [] }, { edits: [[], [1]] }],
    },
  ],
  [{ 'a "key"': { b: [1, { c: null }] }, left: undefined, last: [undefined, 'x', null, true] }],
])('a document is printed in pieces as it is in one: %j', (document) => {
  expect([...jsonPieces(document)].join('')).toBe(JSON.stringify(document, null, 2))
})
