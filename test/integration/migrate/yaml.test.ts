import { describe, expect, it } from 'vitest'
import {
  describeFindings,
  type MigrateFixture,
  migrateFixtures,
  revertFixture,
  rewriteFixture,
} from '../../support/migrate-fixtures.ts'

const FIXTURES = migrateFixtures('kubernetes', 'helm', 'kustomize', 'kubeadm')

/** A file with other line endings, and with a byte order mark, is the same file. */
const FORMS: readonly [string, (text: string) => string][] = [
  ['as it is', (text) => text],
  ['with CRLF', (text) => text.replaceAll('\n', '\r\n')],
  ['with CRLF and a byte order mark', (text) => `\uFEFF${text.replaceAll('\n', '\r\n')}`],
  ['without a newline at its end', (text) => text.trimEnd()],
]

/** Several old names have one new name, and the way back leads to one of them. */
const hasAlias = ({ expected }: MigrateFixture) =>
  expected.some((line) =>
    /: (?:\w+\.)?gcr\.io\/|docker\.pkg\.dev|K8S|:443|k8s\.gcr\.io\/coredns →/.test(
      line.split(' → ')[0]!.concat(' →'),
    ),
  )

describe.each(FIXTURES)('$path', (fixture) => {
  it.each(FORMS)('has these references and no others, %s', (_, form) => {
    const { findings } = rewriteFixture({ ...fixture, text: form(fixture.text) })
    expect(describeFindings(findings)).toEqual(fixture.expected)
  })

  it.each(FORMS)('becomes these bytes, %s', (_, form) => {
    const { text, refused } = rewriteFixture({ ...fixture, text: form(fixture.text) })
    expect(refused).toBeUndefined()
    expect(text).toBe(form(fixture.rewritten))
  })

  it('does not change a second time', () => {
    const { edits } = rewriteFixture({ ...fixture, text: fixture.rewritten })
    expect(edits).toEqual([])
  })
})

describe.each(FIXTURES.filter((fixture) => !hasAlias(fixture) && !fixture.text.includes('registry.k8s.io/')))(
  '$path',
  (fixture) => {
    it.each(FORMS)('comes back to its own bytes, %s', (_, form) => {
      const { text, refused } = revertFixture({ ...fixture, text: form(fixture.rewritten) })
      expect(refused).toBeUndefined()
      expect(text).toBe(form(fixture.text))
    })
  },
)
