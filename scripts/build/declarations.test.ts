import { describe, expect, it } from 'vitest'
import { reachDeclarations } from './declarations.ts'

const reach = (tree: Record<string, string>) =>
  reachDeclarations(['src/index.d.ts'], (path) => {
    if (tree[path] === undefined) throw new Error(`no ${path}`)
    return tree[path]
  })

describe('the declarations of the package', () => {
  it('are those that the entry leads to', () => {
    const { files, faults } = reach({
      'src/index.d.ts': "export { a } from './a.ts';\nimport type { Socket } from 'node:net';",
      'src/a.d.ts': "export declare const a: import('./deep/b.js').B; // from 'a comment'",
      'src/deep/b.d.ts': "/** @example import { z } from 'zod' */\nexport type { B } from '../index.ts';",
      'src/other.d.ts': "import { z } from 'zod';",
    })
    expect([...files].sort()).toEqual(['src/a.d.ts', 'src/deep/b.d.ts', 'src/index.d.ts'])
    expect(faults).toEqual([])
  })

  it.each(["import { z } from 'zod';", "export type Z = import('zod').ZodType;", "import 'zod';"])(
    'name no package that is not installed with it: %s',
    (text) => {
      expect(reach({ 'src/index.d.ts': text }).faults).toEqual([
        'src/index.d.ts imports zod, which is not installed with the package',
      ])
    },
  )
})
