import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { KUBERNETES_MAP } from '../../../src/migrate/builtin-map.ts'
import { findReferences } from '../../../src/migrate/find.ts'
import type { Finding } from '../../../src/migrate/finding.ts'
import { findingsOf } from '../../../src/migrate/findings.ts'
import { createMap, createReverseMap } from '../../../src/migrate/map.ts'
import { rewriteText } from '../../../src/migrate/rewrite.ts'

// Each file has beside it what is found in it (`.expected.json`, one line a finding) and what it becomes (`.rewritten`).
// The files themselves say the rule apart from both: an old name is a reference unless `not-this` follows it, or its
// line goes on with "not a reference".

const FIXTURES = join(import.meta.dirname, '../../fixtures/migrate')
const FOLDERS = ['nodes', 'dockerfile', 'compose', 'shell', 'makefile', 'terraform', 'ci', 'text']
const OLD_NAME =
  /(?<![\w.]|(?<!:)-)(?:k8s\.gcr\.io|gcr\.io\/google[-_]containers|(?:us|eu|asia)\.gcr\.io\/k8s-artifacts-prod|[\w-]+-docker\.pkg\.dev\/k8s-artifacts-prod\/images)(?![\w-]|\.\w)(?![^\s"']*not-this)(?![^\n]*not a reference)/gi

const map = createMap(KUBERNETES_MAP)
const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(FIXTURES, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(?:expected\.json|rewritten)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name)),
).sort()

describe.each(files.map((file) => [file.slice(FIXTURES.length + 1), file]))('%s', (path, file) => {
  const source = { path: path!, text: readFileSync(file!, 'utf8') }
  const includeText = path!.startsWith('text/')
  const find = (one: typeof source) => findReferences(one, { includeText })
  const findings = findingsOf(source, find(source), map)
  const expected: readonly string[] = JSON.parse(readFileSync(`${file}.expected.json`, 'utf8'))

  it('has the expected findings', () => {
    expect(findings.map(describeFinding)).toEqual(expected)
  })

  it('is found to have each reference, and nothing else', () => {
    const named = [...source.text.matchAll(OLD_NAME)].map(({ index }) => index)
    const found = findings.filter(({ fixed }) => fixed === undefined).map(startOf)
    expect(found).toEqual(named)
  })

  it('becomes the expected bytes, and nothing more the second time', () => {
    const rewritten = rewriteText(source, { map, includeText, includeCode: true })
    expect(rewritten.refused).toBeUndefined()
    expect(rewritten.text).toBe(readFileSync(`${file}.rewritten`, 'utf8'))
    expect(
      rewriteText({ ...source, text: rewritten.text }, { map, includeText, includeCode: true }).edits,
    ).toEqual([])
  })
})

it('is at least 90 references', () => {
  const counts = files.map((file) => JSON.parse(readFileSync(`${file}.expected.json`, 'utf8')).length)
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(90)
})

it('leaves a file alone whose mirrors cannot have a path', () => {
  const path = 'etc/containerd/config.toml'
  const text = readFileSync(join(FIXTURES, 'nodes', path), 'utf8')
  const mirror = createMap({ moves: [{ from: 'k8s.gcr.io', to: 'mirror.example/k8s' }], related: [] })
  const rewritten = rewriteText({ path, text }, { map: mirror })
  expect(rewritten).toMatchObject({ text, refused: expect.stringContaining('references') })
})

it('goes back to the bytes that it had, where names have one way back', () => {
  const path = 'compose/docker-compose.yml'
  const text = readFileSync(join(FIXTURES, path), 'utf8').replace('registry.k8s.io/app/built:1', 'built:1')
  const there = rewriteText({ path, text }, { map })
  const back = rewriteText({ path, text: there.text }, { map: createReverseMap(KUBERNETES_MAP) })
  expect(back.text).toBe(text)
})

function describeFinding({ line, column, understood, replacement, owner, verdict, edits }: Finding): string {
  const becomes =
    replacement === undefined ? verdict : edits.length === 0 ? `${replacement} (by hand)` : replacement
  return `${line}:${column} ${understood} -> ${becomes} | ${owner}`
}

function startOf({ parts }: Finding): number {
  return Math.min(...Object.values(parts).map(({ span }) => span.start))
}
