import { fingerprintOf } from './baseline.ts'
import type { Finding, Verdict } from './finding.ts'

/** A text that could not be looked through, and why. */
export interface NotRead {
  readonly path: string
  readonly reason: string
}

const RULES: Readonly<
  Record<Verdict, { readonly level: 'error' | 'warning' | 'note'; readonly text: string }>
> = {
  moved: { level: 'warning', text: 'A reference to a registry that has a new name.' },
  lost: { level: 'error', text: 'A reference to what was never at its old name, or is not at its new one.' },
  related: { level: 'note', text: 'A reference to a registry that people should look at.' },
}
const VERDICTS = Object.keys(RULES) as Verdict[]

/** Writes findings as a SARIF log (version 2.1.0), with a fix for each that can be made in place. */
export function toSarif(
  findings: readonly Finding[],
  { toolVersion, notRead }: { readonly toolVersion: string; readonly notRead: readonly NotRead[] },
): object {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'portolan',
            semanticVersion: toolVersion,
            rules: VERDICTS.map((verdict) => ({
              id: verdict,
              shortDescription: { text: RULES[verdict].text },
              defaultConfiguration: { level: RULES[verdict].level },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: notRead.map(({ path, reason }) => ({
              level: 'warning',
              message: { text: `not read: ${reason}` },
              locations: [{ physicalLocation: { artifactLocation: { uri: toUri(path) } } }],
            })),
          },
        ],
        results: findings.map(toResult),
      },
    ],
  }
}

function toResult(finding: Finding): object {
  const { path, line, column, verdict, owner, format, confidence, replacement, note, edits, understood } =
    finding
  const becomes = replacement === undefined ? '' : ` becomes ${replacement}`
  const { start, end } = firstSpan(finding)
  return {
    ruleId: verdict,
    ruleIndex: VERDICTS.indexOf(verdict),
    level: RULES[verdict].level,
    message: { text: `${owner}: ${understood}${becomes}${note === undefined ? '' : ` (${note})`}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: toUri(path) },
          region: { startLine: line, startColumn: column, charOffset: start, charLength: end - start },
        },
        logicalLocations: [{ fullyQualifiedName: owner }],
      },
    ],
    partialFingerprints: { 'portolan/v1': fingerprintOf(finding) },
    properties: { format, confidence },
    ...(edits.length > 0 && {
      fixes: [
        {
          description: { text: `Change it to ${replacement}` },
          artifactChanges: [
            {
              artifactLocation: { uri: toUri(path) },
              replacements: edits.map((edit) => ({
                deletedRegion: { charOffset: edit.start, charLength: edit.end - edit.start },
                insertedContent: { text: edit.text },
              })),
            },
          ],
        },
      ],
    }),
  }
}

function firstSpan({ parts }: Finding): { start: number; end: number } {
  const spans = Object.values(parts).map(({ span }) => span)
  return spans.reduce((first, span) => (span.start < first.start ? span : first))
}

/** A relative reference, or a file URL of an absolute path (RFC 3986); `:` is escaped, lest it end a scheme. */
function toUri(path: string): string {
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  return path.startsWith('/') ? `file://${encoded}` : encoded
}
