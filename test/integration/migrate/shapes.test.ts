import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { KUBERNETES_MAP } from '../../../src/migrate/builtin-map.ts'
import { createMap } from '../../../src/migrate/map.ts'
import { rewriteText } from '../../../src/migrate/rewrite.ts'

// Trees as operators have them, made up in the shape of public ones. What stands between ‹ and › has to be changed, and
// nothing else.

const ROOT = new URL('../../fixtures/migrate/shapes', import.meta.url).pathname
const OLD = /^(?:k8s\.gcr\.io|gcr\.io\/google_containers)/

const map = createMap(KUBERNETES_MAP)
const files = readdirSync(ROOT, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
  .sort()

const VARIANTS: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'with CRLF': (text) => text.replaceAll('\n', '\r\n'),
  'with another alias': (text) => text.replace(/‹k8s\.gcr\.io(?=\/)/g, '‹eu.gcr.io/k8s-artifacts-prod'),
}

it('there are three shapes at least of each kind', () => {
  const shapes = new Set(files.map((path) => path.split('/').slice(0, 2).join('/')))
  for (const kind of ['ansible', 'kops', 'cloud-init'])
    expect([...shapes].filter((shape) => shape.startsWith(`${kind}/`)).length, kind).toBeGreaterThanOrEqual(3)
})

describe.each(files)('%s', (path) => {
  const marked = readFileSync(join(ROOT, path), 'utf8')

  it.each(Object.entries(VARIANTS))('%s', (_, vary) => {
    const text = vary(marked)
    const rewritten = rewriteText({ path, text: text.replace(/[‹›]/g, '') }, { map })
    const expected = text.replace(/‹([^›]*)›/g, (_, reference: string) =>
      reference
        .replace(OLD, 'registry.k8s.io')
        .replace(/^eu\.gcr\.io\/k8s-artifacts-prod/, 'registry.k8s.io'),
    )
    expect(rewritten.text).toBe(expected)
    expect(rewriteText({ path, text: rewritten.text }, { map }).edits).toEqual([])
  })
})
