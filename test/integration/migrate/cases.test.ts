import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { KUBERNETES_MAP } from '../../../src/migrate/builtin-map.ts'
import { examineText } from '../../../src/migrate/examine.ts'
import { KustomizeBases } from '../../../src/migrate/kustomize-bases.ts'
import { createMap } from '../../../src/migrate/map.ts'
import { rewriteExamined } from '../../../src/migrate/rewrite.ts'
import { describeFindings, FIXTURES } from '../../support/migrate-fixtures.ts'

// Each folder shows one kind of file that was once misread; `FILE.expected.json` says what is found in it, and what is
// said of it besides, and `FILE.rewritten` what it becomes.

const CASES = join(FIXTURES, 'cases')
const map = createMap(KUBERNETES_MAP)
const files = readdirSync(CASES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.expected.json'))
  .map((name) => name.slice(0, -'.expected.json'.length))
  .sort()

function read(path: string): string | undefined {
  try {
    return readFileSync(join(CASES, path), 'utf8')
  } catch {
    return undefined
  }
}

/** Reads a file of a case; what lies beside it in the same case is among the paths. */
function rewritten(path: string, text: string) {
  const bases = new KustomizeBases((beside) => read(posix.normalize(beside)), map)
  const examined = examineText({ path, text }, { map, follow: bases.follow.bind(bases) })
  return { examined, result: rewriteExamined(examined, { includeCode: true }) }
}

describe.each(files)('%s', (path) => {
  const text = read(path)!

  it('is understood, and changed as it should be', () => {
    const { examined, result } = rewritten(path, text)
    const said = [
      ...describeFindings(result.findings),
      ...(result.refused === undefined ? [] : [`left alone: ${result.refused}`]),
      ...examined.unread.map(({ line, reason }) => `not fully read from line ${line}: ${reason}`),
      ...(examined.mentions ? [`mentions: ${examined.mentions.count}`] : []),
    ]
    expect(said).toEqual(JSON.parse(read(`${path}.expected.json`)!))
    expect(result.text).toBe(read(`${path}.rewritten`))
  })

  it('is changed alike with CRLF', () => {
    const { result } = rewritten(path, text.replaceAll('\n', '\r\n'))
    expect(result.text.replaceAll('\r\n', '\n')).toBe(read(`${path}.rewritten`))
  })

  it.runIf(/\.(?:ya?ml|json|toml)$|registries\.conf/.test(path))(
    'is read by another parser as before',
    () => {
      const after = read(`${path}.rewritten`)!
      if (/\.toml$|\.conf$/.test(path)) expect(() => parseToml(after)).not.toThrow()
      else {
        const faults = (one: string) => {
          const documents = parseAllDocuments(one, { uniqueKeys: true })
          return Array.isArray(documents)
            ? documents.flatMap(({ errors }) => errors.map(({ code }) => code))
            : []
        }
        expect(faults(after)).toEqual(faults(text))
      }
    },
  )
})
