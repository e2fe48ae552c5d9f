import { expect, test } from 'vitest'
import { replaceImports } from './builtins.ts'

test.each([
  [
    'import { a } from "node:fs";\na();',
    'const { a: a } = globalThis.process.getBuiltinModule("node:fs");\na();',
  ],
  [
    'import fs, { a as b, default as c } from "fs";',
    'const fs = globalThis.process.getBuiltinModule("fs"), c = globalThis.process.getBuiltinModule("fs"), { a: b } = globalThis.process.getBuiltinModule("fs");',
  ],
  ['import * as tls from "tls";', 'const tls = globalThis.process.getBuiltinModule("tls");'],
  ['import "node:fs";', ''],
  ['import { a } from "./chunk.js";', 'import { a } from "./chunk.js";'],
  ['const a = await import("node:fs");', 'const a = await import("node:fs");'],
  ['const text = \'import { a } from "node:fs";\'', 'const text = \'import { a } from "node:fs";\''],
])('%s', (code, replaced) => {
  expect(replaceImports(code)).toBe(replaced)
})

test('keeps each line where it is', () => {
  expect(replaceImports('import a from "node:fs";\nimport "node:os";\nthrow a').split('\n')[2]).toBe(
    'throw a',
  )
})

test('says what is no module', () => {
  expect(() => replaceImports('const =')).toThrow(/no module/)
})
