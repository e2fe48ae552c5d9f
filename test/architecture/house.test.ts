import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findCircles } from './circles.ts'
import { ARROWS, ENTRIES, FLOORS, findOffences } from './house.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

async function readTree(folder: string): Promise<Map<string, string>> {
  const tree = new Map<string, string>()
  for (const entry of await readdir(join(ROOT, folder), { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) tree.set(path.slice(ROOT.length), await readFile(path, 'utf8'))
  }
  return tree
}

describe('the house', () => {
  it('keeps its rules', async () => {
    expect(findOffences(await readTree('src'))).toEqual([])
  })

  it('has no empty folder', async () => {
    const entries = await readdir(join(ROOT, 'src'), { withFileTypes: true, recursive: true })
    const parents = new Set(entries.map((entry) => entry.parentPath))
    const folders = entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
    expect(folders.filter((folder) => !parents.has(folder))).toEqual([])
  })

  it('has no arrows that lead in a circle', () => {
    const graph = new Map<string, Set<string>>()
    for (const [from, to] of ARROWS.map((arrow) => arrow.split(' → '))) {
      graph.set(from!, new Set([...(graph.get(from!) ?? []), to!]))
    }
    expect(findCircles(graph)).toEqual([])
  })

  it('is drawn in docs/architecture.md as it is', async () => {
    const text = await readFile(join(ROOT, 'docs/architecture.md'), 'utf8')
    const rows = [...text.matchAll(/^\| (\d) \w[^|]*\| ([^|]*)\|/gm)].map(([, floor, rooms]) => {
      const names = [...rooms!.matchAll(/`([^`]+?)(\/|\.ts)?`/g)].map(([, name, end]) =>
        end === '.ts' && ENTRIES.includes(name!) ? 'entries' : name!,
      )
      return `${floor}: ${[...new Set(names)].sort().join(', ')}`
    })
    const floors = FLOORS.map((rooms, floor) => `${floor}: ${rooms.toSorted().join(', ')}`)
    expect(rows.toReversed()).toEqual(floors)
  })
})

/** Offences of a tree with one file that says this. */
const offences = (path: string, text: string) => findOffences(new Map([[path, text]]))

describe('the rules of the house forbid', () => {
  it.each([
    // Up, sideways, out.
    [
      'src/oci/a.ts',
      "import { b } from '../config/b.ts'",
      /imports \.\.\/config\/b\.ts, though config is on floor 2/,
    ],
    ['src/oci/a.ts', "import { b } from '../net/b.ts'", /though oci and net are on one floor/],
    ['src/net/a.ts', "export { b } from '../oci/b.ts'", /though net and oci/],
    ['src/net/a.ts', "import {\\n  b,\\n} from '../oci/b.ts'", /though net and oci/],
    ['src/net/a.ts', "import type { B } from '../oci/b.ts'", /though net and oci/],
    ['src/net/a.ts', "let b: import('../oci/b.ts').B", /though net and oci/],
    ['src/net/a.ts', "import '../oci/b.ts'", /though net and oci/],
    ['src/net/a.ts', "const b = await import('../oci/b.ts')", /though net and oci/],
    ['src/net/a.ts', 'const b = await import(name)', /not named by a literal/],
    ['src/clouds/a.ts', "import { b } from '../config/b.ts'", /though clouds and config/],
    [
      'src/clouds/aws.ts',
      "import { b } from './fetch-ranges.ts'",
      /clouds\/fetch is on floor 4 and clouds on floor 2/,
    ],
    ['src/clouds/deep/a.ts', "import { b } from '../../routing/b.ts'", /routing is on floor 3/],
    ['src/storage/a.ts', "import { b } from '../backends/b.ts'", /though storage and backends/],
    ['src/server/a.ts', "import { b } from '../adapters/node/b.ts'", /adapters is on floor 7/],
    ['src/adapters/node/a.ts', "import { b } from '../../cli/b.ts'", /though adapters and cli/],
    ['src/index.ts', "import { b } from './cli/b.ts'", /though entries and cli/],
    ['src/net/a.ts', "import b from '../../data/b.json' with { type: 'json' }", /outside of src/],
    ['src/server/a.ts', "import b from '../../package.json' with { type: 'json' }", /outside of src/],
    ['src/net/a.ts', "import { b } from './b.test.ts'", /which is a test/],
    ['src/net/a.ts', "import { b } from '../../test/support/b.ts'", /outside of src/],
    ['src/net/a.ts', "import { b } from '../nowhere/b.ts'", /no arrow|nowhere/],
    // Runtimes, clocks and the like.
    [
      'src/server/a.ts',
      "import { readFile } from 'node:fs/promises'",
      /imports node:fs\/promises, which knows/,
    ],
    ['src/storage/a.ts', "import { Database } from 'bun:sqlite'", /imports bun:sqlite/],
    ['src/storage/a.ts', "import { env } from 'cloudflare:workers'", /imports cloudflare:workers/],
    ['src/routing/a.ts', 'const now = Date.now()', /uses the global Date\.now/],
    ['src/routing/a.ts', 'const now = new Date()', /uses the global new Date\(\)/],
    ['src/server/a.ts', 'const now = performance.now()', /uses the global performance\.now/],
    ['src/server/a.ts', 'const sample = Math.random()', /uses the global Math\.random/],
    ['src/server/a.ts', 'const id = globalThis.crypto.randomUUID()', /uses the global crypto\.randomUUID/],
    ['src/backends/a.ts', 'setTimeout(() => {}, 1)', /uses the global setTimeout/],
    ['src/backends/a.ts', 'const signal = AbortSignal.timeout(1)', /uses the global AbortSignal\.timeout/],
    ['src/backends/a.ts', 'const reply = await fetch(url)', /uses the global fetch/],
    ['src/backends/a.ts', 'const call = options.fetch ?? fetch', /uses the global fetch/],
    ['src/backends/a.ts', 'const ask = (fetch) => 1\\nfetch(url)', /uses the global fetch/],
    ['src/backends/a.ts', 'const parts = { fetch }', /uses the global fetch/],
    ['src/backends/a.ts', 'const { origin = fetch } = parts', /uses the global fetch/],
    ['src/backends/a.ts', 'const url = String(process.env.URL)', /uses the global process/],
    ['src/storage/a.ts', 'const bytes = Buffer.from(text)', /uses the global Buffer/],
    ['src/storage/fs/a.ts', 'const now = Date.now()', /uses the global Date\.now/],
    ['src/server/a.ts', 'const server = Bun.serve({ port: 1 })', /uses the global Bun/],
    [
      'src/server/a.ts',
      "const accept = '*/*' // not a comment's start\\nconst now = Date.now()",
      /Date\.now/,
    ],
    // What the oldest Node has not.
    ['src/cli/a.ts', 'using file = open()', /declares with "using"/],
    ['src/cli/a.ts', 'async () => { await using file = open() }', /declares with "await using"/],
    ['src/cli/a.ts', 'const stack = new AsyncDisposableStack()', /AsyncDisposableStack, which Node 22/],
    // Shape.
    ['src/oci/a.ts', "export * from './b.ts'", /exports \* instead of names/],
    ['src/helpers/a.ts', 'export const b = 1', /helpers is not a room/],
    ['src/stray.ts', 'export const b = 1', /stray is not a room/],
    ['src/oci/a.test.ts', 'it()', /src\/oci: the room is empty/],
  ])('%s: %s', (path, text, offence) => {
    expect(offences(path, text.replaceAll('\\n', '\n'))).toEqual([expect.stringMatching(offence)])
    expect(offences(path, text.replaceAll('\\n', '\n'))[0]).toContain(
      path.endsWith('.test.ts') ? 'src/oci' : path,
    )
  })
})

describe('the rules of the house forbid circles', () => {
  it.each<[string, Record<string, string>, string]>([
    [
      'of two files of one room',
      { 'src/oci/a.ts': "import { b } from './b.ts'", 'src/oci/b.ts': "import { a } from './a.ts'" },
      'files import each other in a circle: src/oci/a.ts → src/oci/b.ts → src/oci/a.ts',
    ],
    [
      'of types alone',
      { 'src/oci/a.ts': "import type { B } from './b.ts'", 'src/oci/b.ts': "let a: import('./a.ts').A" },
      'files import each other in a circle: src/oci/a.ts → src/oci/b.ts → src/oci/a.ts',
    ],
    [
      'of what is exported from elsewhere',
      {
        'src/oci/c.ts': "export { a } from './a.ts'",
        'src/oci/a.ts': "import { b } from './deep/b.ts'",
        'src/oci/deep/b.ts': "import { a } from '../c.ts'",
      },
      'files import each other in a circle: src/oci/a.ts → src/oci/deep/b.ts → src/oci/c.ts → src/oci/a.ts',
    ],
    [
      'of a file with itself',
      { 'src/oci/a.ts': "import { a } from './a.ts'" },
      'files import each other in a circle: src/oci/a.ts → src/oci/a.ts',
    ],
    [
      'of rooms, though no two files',
      {
        'src/cli/a.ts': "import { b } from '../demo/b.ts'",
        'src/cli/c.ts': '',
        'src/demo/b.ts': '',
        'src/demo/d.ts': "import { c } from '../cli/c.ts'",
      },
      'rooms import each other in a circle: cli → demo → cli',
    ],
  ])('%s', (_, files, circle) => {
    expect(findOffences(new Map(Object.entries(files)))).toContain(circle)
  })

  it('and tells each of several', () => {
    const graph = new Map([
      ['a', new Set(['b', 'd'])],
      ['b', new Set(['a', 'c'])],
      ['c', new Set(['d'])],
      ['d', new Set(['c'])],
    ])
    expect(findCircles(graph)).toEqual(['a → b → a', 'c → d → c'])
  })
})

describe('the rules of the house allow', () => {
  it.each([
    ['src/routing/a.ts', "import { b } from '../oci/b.ts'\nexport type { C } from './c.ts'"],
    ['src/config/a.ts', "import { z } from 'zod'\nimport { b } from '../clouds/b.ts'"],
    ['src/backends/a.ts', "import { b } from '../transport/b.ts'"],
    ['src/clouds/fetch-ranges.ts', "import { b } from '../transport/b.ts'\nimport { c } from './aws.ts'"],
    ['src/clouds/regions.ts', "import b from '../../data/regions.json' with { type: 'json' }"],
    ['src/cli/commands/a.ts', "import { b } from '../../demo/b.ts'\nimport c from '../../../package.json'"],
    ['src/index.ts', "export { b } from './server/b.ts'"],
    ['src/node.ts', "export { b } from './adapters/node/b.ts'\nexport { c } from './index.ts'"],
    ['src/routing.ts', "export { b } from './routing/b.ts'"],
    ['src/adapters/a.ts', 'setTimeout(() => fetch(url), Date.now())'],
    ['src/storage/fs/a.ts', "import { open } from 'node:fs/promises'\nprocess.cwd()"],
    ['src/backends/a.ts', 'export function probe(fetch: Fetch) {\n  return fetch(url)\n}'],
    ['src/backends/a.ts', 'export function probe({ fetch, clock }: Parts) {\n  return fetch(url)\n}'],
    ['src/backends/a.ts', 'const fetch = layered(runtime.fetch)\nfetch(url)'],
    ['src/backends/a.ts', 'const inspect = (fetch) => fetch(url)'],
    ['src/backends/a.ts', 'interface Parts {\n  fetch(url: string): Promise<Response>\n}'],
    ['src/transport/a.ts', 'export type Fetch = typeof fetch'],
    ['src/routing/a.ts', '// not Date.now(), see Math.random\n/* fetch(url) */ const a = "setTimeout(1)"'],
    ['src/routing/a.ts', 'const at = new Date(time)\nconst then = parts.fetch(1)'],
    ['src/oci/a.test.ts', "import { b } from '../cli/b.ts'\nDate.now()\n"],
  ])('%s: %s', (path, text) => {
    expect(
      findOffences(
        new Map([
          [path, text],
          ['src/oci/a.ts', ''],
        ]),
      ),
    ).toEqual([])
  })
})
