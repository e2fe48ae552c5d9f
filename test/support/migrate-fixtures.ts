import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KUBERNETES_MAP } from '../../src/migrate/builtin-map.ts'
import type { Finding } from '../../src/migrate/finding.ts'
import type { SourceText } from '../../src/migrate/found.ts'
import { createMap, createReverseMap } from '../../src/migrate/map.ts'
import { type Rewritten, rewriteText } from '../../src/migrate/rewrite.ts'

/** Where the fixtures are: a folder for each format. */
export const FIXTURES = fileURLToPath(new URL('../fixtures/migrate', import.meta.url))

/** A text with what has to be found in it, and what it has to become. */
export interface MigrateFixture extends SourceText {
  /** As {@link describeFindings} writes them. */
  readonly expected: readonly string[]
  readonly rewritten: string
}

/** The fixtures of some folders: each file lies beside `FILE.expected.json` and `FILE.rewritten`. */
export function migrateFixtures(...folders: readonly string[]): MigrateFixture[] {
  return folders.flatMap((folder) =>
    readdirSync(join(FIXTURES, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.expected.json'))
      .sort()
      .map((name) => {
        const path = join(folder, name.slice(0, -'.expected.json'.length))
        const read = (suffix: string) => readFileSync(join(FIXTURES, path + suffix), 'utf8')
        return {
          path,
          text: read(''),
          expected: JSON.parse(read('.expected.json')),
          rewritten: read('.rewritten'),
        }
      }),
  )
}

/** One line for each finding: `LINE:COLUMN VERDICT OWNER: WRITTEN → REPLACEMENT (confidence, edits, note)`. */
export function describeFindings(findings: readonly Finding[]): string[] {
  return findings.map((finding) => {
    const { line, column, verdict, owner, written, replacement, format, confidence, edits, note } = finding
    const becomes = replacement === undefined ? '' : ` → ${replacement}`
    const by = edits.length === 0 ? 'by hand' : edits.length === 1 ? '1 edit' : `${edits.length} edits`
    const because = edits.length === 0 && note !== undefined ? `: ${note}` : ''
    return `${line}:${column} ${verdict} ${owner}: ${written}${becomes} (${format}, ${confidence}, ${by}${because})`
  })
}

const FORTH = createMap(KUBERNETES_MAP)
const BACK = createReverseMap(KUBERNETES_MAP)

/** Rewrites a text by the built-in map. */
export function rewriteFixture(source: SourceText): Rewritten {
  return rewriteText(source, { map: FORTH })
}

/** Goes back to the old names. */
export function revertFixture(source: SourceText): Rewritten {
  return rewriteText(source, { map: BACK })
}
