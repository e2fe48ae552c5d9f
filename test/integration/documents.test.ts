import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

/** Where a document's links to files of this repository lead. */
function linksOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => join(dirname(file), path!))
}

/** Every page that is no one's fixture. */
const PAGES = ['.', 'docs', 'deploy', 'examples'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: folder !== '.', encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.includes('node_modules'))
    .map((path) => join(folder, path)),
)

test.each(PAGES)('every file that %s names is there', (file) => {
  expect(linksOf(file).filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

test('pages name files', () => {
  expect(PAGES.flatMap(linksOf).length).toBeGreaterThan(100)
})

test('every attack that docs/security.md tells of names the test that shows what happens', () => {
  const text = readFileSync(join(ROOT, 'docs/security.md'), 'utf8')
  const tables = text.split(/\n\n/).filter((block) => block.startsWith('| who tries |'))
  const attacks = tables.flatMap((table) => table.trim().split('\n').slice(2))
  expect(attacks.length).toBeGreaterThan(20)
  for (const attack of attacks) expect(attack).toMatch(/\]\(\.\.\/(?:src|test)\/[^)]+\.ts\)[^|]*\|$/)
})
