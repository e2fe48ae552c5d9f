import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeTempFolder } from '../../test/support/temp.ts'
import { FileSearch, TEXT_BYTES_MAX } from './file-search.ts'

/** A text in every mixture of small letters and capitals. */
function casingsOf(text: string): string[] {
  const letters = [...text].flatMap((char, at) => (char === char.toUpperCase() ? [] : [at]))
  return Array.from({ length: 2 ** letters.length }, (_, set) =>
    [...text]
      .map((char, at) =>
        set & (1 << letters.indexOf(at)) && letters.includes(at) ? char.toUpperCase() : char,
      )
      .join(''),
  )
}

it.each([
  [['gcr.io']],
  [['k8s.gcr.io', 'registry.k8s.io', '-docker.pkg.dev']],
  [['a.b']],
  [['127.0.0.1:5000']],
  [['abcdef']],
  [['Registry.Example']],
])('finds each of %j in whatever case, and nothing in a text without them', (hints) => {
  const search = new FileSearch(hints)
  for (const hint of hints) {
    for (const casing of casingsOf(hint.toLowerCase().slice(0, 12))) {
      const text = `image: ${casing}${hint.slice(12)}/a:1\n`
      expect(search.searchBytes(Buffer.from(text)).kind).toBe('hit')
    }
  }
  expect(search.searchBytes(Buffer.from('image: quay.io/a:1\n')).kind).toBe('none')
})

it('says of files together what it says of each, in their order', async () => {
  await using folder = await makeTempFolder()
  const contents: Readonly<Record<string, string | Buffer>> = {
    clean: 'image: quay.io/a:1\n',
    empty: '',
    hit: 'image: gcr.io/a:1\n',
    'clean again': 'a\n'.repeat(200_000),
    binary: 'a\0gcr.io',
    utf16: Buffer.from('image: gcr.io/a:1', 'utf16le'),
    'zero far behind': `${'a\n'.repeat(5000)}\0 gcr.io`,
    'one half gc': 'gc',
    'other half r.io': 'r.io',
    long: 'a'.repeat(TEXT_BYTES_MAX + 10),
    'long with a hint': `${'a'.repeat(TEXT_BYTES_MAX + 10)}gcr.io`,
  }
  const paths = Object.keys(contents).map((name) => join(folder.path, name))
  for (const [name, content] of Object.entries(contents)) await writeFile(join(folder.path, name), content)
  const search = new FileSearch(['gcr.io'])
  const missing = join(folder.path, 'missing')
  const kinds: Record<string, string> = {}
  for (const { path, searched } of search.searchTogether([...paths, missing])) {
    // Those that are left are searched through between the others, in the same buffer.
    kinds[path.slice(folder.path.length + 1)] =
      path === missing ? String(searched) : (searched ?? search.search(path)).kind
  }
  expect(Object.entries(kinds)).toEqual([
    ['clean', 'none'],
    ['empty', 'none'],
    ['hit', 'hit'],
    ['clean again', 'none'],
    ['binary', 'binary'],
    ['utf16', 'utf16'],
    ['zero far behind', 'hit'],
    ['one half gc', 'none'],
    ['other half r.io', 'none'],
    ['long', 'none'],
    ['long with a hint', 'too-long'],
    ['missing', 'undefined'],
  ])
})
