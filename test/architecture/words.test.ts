import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findRetiredWords } from './words.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What people read: code with its comments, tests with their names, help, metrics, docs. Not data, nor others' files. */
const READ = ['src', 'test', 'bench', 'scripts', 'docs', 'deploy', 'examples', '.ci']
const TEXT = /\.(?:ts|mjs|md|ya?ml|json)$|^\.ci\/run$/

/** Where a retired word may stand, and why. */
const ALLOWED: readonly (readonly [path: RegExp, words: readonly string[], why: string])[] = [
  [/^docs\/architecture\.md$/, ['room', 'rooms'], 'the rooms of the house, not memory'],
  [/^test\/architecture\/house\b/, ['room', 'rooms'], 'the rooms of the house, not memory'],
  [/^test\/conformance\/operations\/suite\.ts$/, ['suspicious'], 'the name of a lint rule'],
  [/^src\/cli\/lazy\.test\.ts$/, ['rooms'], 'the rooms of the house, not memory'],
  [
    /^(?:src\/migrate\/finders\/written-reference|test\/integration\/migrate\/kinds)\.test\.ts$/,
    ['suspicious'],
    'the name of a lint rule',
  ],
  [/^test\/architecture\/words\b/, [], 'the rule itself, which any word may stand in'],
]

async function readTexts(): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  for (const entry of await readdir(ROOT, { withFileTypes: true })) {
    if (entry.isFile() && /\.md$|^package\.json$/.test(entry.name)) await take(entry.name)
    if (!entry.isDirectory() || !READ.includes(entry.name)) continue
    for (const path of await readdir(join(ROOT, entry.name), { recursive: true })) {
      const full = `${entry.name}/${path}`
      if (TEXT.test(full) && !/^test\/fixtures\/|node_modules/.test(full)) await take(full)
    }
  }
  return texts

  async function take(path: string) {
    texts.set(path, await readFile(join(ROOT, path), 'utf8'))
  }
}

describe('retired words', () => {
  it('stand nowhere', async () => {
    const offences: string[] = []
    const needed = new Set<RegExp>()
    for (const [path, text] of await readTexts()) {
      for (const found of findRetiredWords(path, text)) {
        const word = found.split(' ')[1]!
        const allowed = ALLOWED.find(
          ([file, words]) => file.test(path) && (words.length === 0 || words.includes(word)),
        )
        if (allowed === undefined) offences.push(`${path}:${found}`)
        else needed.add(allowed[0])
      }
    }
    expect(offences).toEqual([])
    expect(ALLOWED.map(([path]) => path).filter((path) => !needed.has(path))).toEqual([])
  })

  it.each([
    ['src/a.ts', 'const inventoryKeeper = 1', ['1: keeper']],
    ['src/a.ts', 'const a = 1\n// in doubt, ask: a vigil', ['2: doubt', '2: vigil']],
    ['src/a.ts', "help('how much PATIENCE_MS')", ['1: patience']],
    ['src/a.ts', 'class HTTPVerifier {}', ['1: verifier']],
    ['src/a.ts', 'shelves and testimonies', ['1: shelves', '1: testimonies']],
    ['src/ranges-keeper.ts', '', ['0: keeper']],
    ['src/a.ts', 'parameter, diameter, roommate, verify, kept, undoubtedly, kilometers', []],
  ])('%s: %j', (path, text, words) => {
    expect(findRetiredWords(path, text)).toEqual(words)
  })
})
