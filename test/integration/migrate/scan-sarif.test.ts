import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { KUBERNETES_MAP } from '../../../src/migrate/builtin-map.ts'
import { findReferences } from '../../../src/migrate/find.ts'
import { findingsOf } from '../../../src/migrate/findings.ts'
import { createMap } from '../../../src/migrate/map.ts'
import { rewriteText } from '../../../src/migrate/rewrite.ts'
import { toSarif } from '../../../src/migrate/sarif.ts'

// What SARIF 2.1.0 (OASIS standard, 27 March 2020) asks of the objects that are used, by its section. Objects are
// strict: a property that is not here would be one that nobody checked.

const LEVEL = z.enum(['none', 'note', 'warning', 'error'])
/** 3.11: a message has a text, or an id. */
const MESSAGE = z.strictObject({ text: z.string().min(1) })
/** 3.4.3, 3.10.1: a URI reference by RFC 3986. */
const URI = z.string().regex(/^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?#]|%[0-9A-F]{2})+$/)
const ARTIFACT_LOCATION = z.strictObject({ uri: URI })
/** 3.30: lines and columns from 1, offsets from 0. */
const REGION = z.strictObject({
  startLine: z.int().min(1).optional(),
  startColumn: z.int().min(1).optional(),
  charOffset: z.int().min(0),
  charLength: z.int().min(0),
})
const PHYSICAL_LOCATION = z.strictObject({ artifactLocation: ARTIFACT_LOCATION, region: REGION.optional() })
/** 3.27 */
const RESULT = z.strictObject({
  ruleId: z.string(),
  ruleIndex: z.int().min(0),
  level: LEVEL,
  message: MESSAGE,
  locations: z.array(
    z.strictObject({
      physicalLocation: PHYSICAL_LOCATION,
      logicalLocations: z.array(z.strictObject({ fullyQualifiedName: z.string() })),
    }),
  ),
  partialFingerprints: z.record(z.string(), z.string()),
  properties: z.record(z.string(), z.unknown()),
  /** 3.55 to 3.57 */
  fixes: z
    .array(
      z.strictObject({
        description: MESSAGE,
        artifactChanges: z
          .array(
            z.strictObject({
              artifactLocation: ARTIFACT_LOCATION,
              replacements: z
                .array(
                  z.strictObject({
                    deletedRegion: REGION,
                    insertedContent: z.strictObject({ text: z.string() }),
                  }),
                )
                .min(1),
            }),
          )
          .min(1),
      }),
    )
    .optional(),
})
/** 3.13, 3.14 */
const LOG = z.strictObject({
  $schema: z.url(),
  version: z.literal('2.1.0'),
  runs: z
    .array(
      z.strictObject({
        tool: z.strictObject({
          driver: z.strictObject({
            name: z.string().min(1),
            semanticVersion: z.string().regex(/^\d+\.\d+\.\d+/),
            rules: z.array(
              z.strictObject({
                id: z.string(),
                shortDescription: MESSAGE,
                defaultConfiguration: z.strictObject({ level: LEVEL }),
              }),
            ),
          }),
        }),
        columnKind: z.enum(['utf16CodeUnits', 'unicodeCodePoints']),
        invocations: z.array(
          z.strictObject({
            executionSuccessful: z.boolean(),
            toolExecutionNotifications: z.array(
              z.strictObject({
                level: LEVEL,
                message: MESSAGE,
                locations: z.array(z.strictObject({ physicalLocation: PHYSICAL_LOCATION })),
              }),
            ),
          }),
        ),
        results: z.array(RESULT),
      }),
    )
    .min(1),
})

const map = createMap(KUBERNETES_MAP)
const find = (source: { path: string; text: string }) => findReferences(source)

function logOf(path: string, text: string) {
  const findings = findingsOf({ path, text }, find({ path, text }), map)
  const notRead = [{ path: '/etc/a b:c/ü', reason: 'permission denied' }]
  return LOG.parse(JSON.parse(JSON.stringify(toSarif(findings, { toolVersion: '1.2.3', notRead }))))
}

describe('SARIF', () => {
  const path = 'nodes/talos/controlplane.yaml'
  const text = readFileSync(join(import.meta.dirname, '../../fixtures/migrate', path), 'utf8')

  it('is valid, with a rule for each result, and has what was not read', () => {
    const [run] = logOf(path, text).runs
    expect(run!.results).toHaveLength(13)
    for (const { ruleId, ruleIndex } of run!.results)
      expect(run!.tool.driver.rules[ruleIndex]!.id).toBe(ruleId)
    const [notification] = run!.invocations[0]!.toolExecutionNotifications
    expect(notification!.locations[0]!.physicalLocation.artifactLocation.uri).toBe(
      'file:///etc/a%20b%3Ac/%C3%BC',
    )
  })

  it('is valid without a finding', () => {
    expect(logOf('a.yaml', '').runs[0]!.results).toEqual([])
  })

  it('has fixes that make of the text what rewrite makes of it', () => {
    const replacements = logOf(path, text).runs[0]!.results.flatMap(({ fixes = [] }) =>
      fixes.flatMap(({ artifactChanges }) => artifactChanges.flatMap((change) => change.replacements)),
    )
    let fixed = text
    for (const { deletedRegion, insertedContent } of replacements.reverse()) {
      const { charOffset, charLength } = deletedRegion
      fixed = fixed.slice(0, charOffset) + insertedContent.text + fixed.slice(charOffset + charLength)
    }
    expect(fixed).toBe(rewriteText({ path, text }, { map }).text)
  })

  it('has fingerprints that do not change with the lines above', () => {
    const fingerprints = (log: ReturnType<typeof logOf>) =>
      log.runs[0]!.results.map(({ partialFingerprints }) => partialFingerprints)
    expect(fingerprints(logOf(path, `# a\n\n${text}`))).toEqual(fingerprints(logOf(path, text)))
  })
})
