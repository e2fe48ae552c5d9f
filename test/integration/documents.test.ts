import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

const DOCUMENTS = ['.', 'docs', 'data', 'deploy'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { encoding: 'utf8', recursive: folder === 'deploy' })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => join(folder, name)),
)

/** The links of a document into this repository that lead nowhere, neither to a file nor, in documents, to a heading. */
function deadLinksOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const links = [...text.matchAll(/\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
  return links.flatMap(([link, path, heading]) => {
    const target = path === '' ? file : join(dirname(file), path!)
    if (!existsSync(join(ROOT, target))) return [link]
    return heading === undefined || !target.endsWith('.md') || headingsOf(target).has(heading) ? [] : [link]
  })
}

/** As GitHub names them in addresses; none occurs twice here where a link leads. */
function headingsOf(file: string): ReadonlySet<string> {
  const text = readFileSync(join(ROOT, file), 'utf8').replaceAll(/^```.*?^```/gms, '')
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase(),
  )
  return new Set(headings.map((each) => each.replaceAll(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-')))
}

test.each(DOCUMENTS)('every link of %s into the repository leads somewhere', (file) => {
  expect(deadLinksOf(file)).toEqual([])
})

test('every attack that docs/security.md tells of names the test that shows what happens', () => {
  const text = readFileSync(join(ROOT, 'docs/security.md'), 'utf8')
  const tables = text.split(/\n\n/).filter((block) => block.startsWith('| who tries |'))
  const attacks = tables.flatMap((table) => table.trim().split('\n').slice(2))
  expect(attacks.length).toBeGreaterThan(20)
  for (const attack of attacks) expect(attack).toMatch(/\]\(\.\.\/(?:src|test)\/[^)]+\.ts\)[^|]*\|$/)
})

test('everything that docs/mirror.md promises for when something happens names the test that shows it', () => {
  const text = readFileSync(join(ROOT, 'docs/mirror.md'), 'utf8')
  const table = text.split(/\n\n/).find((block) => block.startsWith('| when | then | tried by |'))
  const promises = table!.trim().split('\n').slice(2)
  expect(promises.length).toBeGreaterThan(10)
  for (const promise of promises) expect(promise).toMatch(/\]\(\.\.\/(?:src|test)\/[^)]+\.ts\)[^|]*\|$/)
})

test('everything that docs/stability.md promises names the test that shows it', () => {
  const text = readFileSync(join(ROOT, 'docs/stability.md'), 'utf8')
  const tables = text.split(/\n\n/).filter((block) => /^\|[^\n]*\| shown by \|/.test(block))
  const promises = tables.flatMap((table) => table.trim().split('\n').slice(2))
  expect(promises.length).toBeGreaterThan(10)
  for (const promise of promises) expect(promise).toMatch(/\]\(\.\.\/(?:src|test)\/[^)]+\.ts\)[^|]*\|$/)
})
