import { applyEdits } from './edit.ts'
import type { Edit, Finding } from './finding.ts'
import { findingsOf, writtenOf } from './findings.ts'
import type { Format, Found, SourceText } from './found.ts'
import type { RegistryMap } from './map.ts'
import { keepsShape } from './yaml-shape.ts'

/** What becomes of one text. */
export interface Rewritten {
  /** What the map says of it, changed or not. */
  readonly findings: readonly Finding[]
  /** What was changed; the edits of findings that may be rewritten. */
  readonly edits: readonly Edit[]
  /** The new text; the old one where nothing is to change, or nothing may. */
  readonly text: string
  /** Why the text is left alone though there was something to change. */
  readonly refused?: string
}

export interface RewriteOptions {
  /** Gives what is in a text, by its format. */
  readonly find: (source: SourceText) => readonly Found[]
  readonly map: RegistryMap
  /** Whether references in text of no known format are rewritten too. */
  readonly includeText?: boolean
  /** Findings that are not to be rewritten, and others that are to become something else; all as they are without. */
  readonly choose?: (finding: Finding) => Finding
}

/** Formats that are YAML, or may be: what is not YAML before has no shape to be kept. */
const YAML_FORMATS: readonly Format[] = [
  ...(['kubernetes', 'helm-values', 'kustomize', 'kubeadm', 'cluster-api', 'kops', 'talos'] as const),
  ...(['k3s', 'compose', 'ci'] as const),
]

/**
 * Gives a text its new names, edited at the values themselves. Then the new text is read again: unless it holds the
 * same references in the same order, each as it was or as it should be now, and nothing else differs, the text is left
 * alone and `refused` says why.
 */
export function rewriteText(source: SourceText, options: RewriteOptions): Rewritten {
  const { find, map, includeText = false, choose = (finding) => finding } = options
  const found = find(source)
  const findings = findingsOf(source, found, map).map(choose)
  const chosen = findings.filter(
    ({ edits, confidence }) => edits.length > 0 && (includeText || confidence !== 'text'),
  )
  const unchanged = { findings, edits: [], text: source.text }
  if (chosen.length === 0) return unchanged
  const edits = chosen.flatMap((finding) => finding.edits)
  const text = applyEdits(source.text, edits)
  const refused = faultOf(source, found, { ...source, text }, chosen, options)
  return refused === undefined ? { findings, edits, text } : { ...unchanged, refused }
}

function faultOf(
  before: SourceText,
  found: readonly Found[],
  after: SourceText,
  chosen: readonly Finding[],
  { find }: RewriteOptions,
): string | undefined {
  const foundAfter = find(after)
  if (foundAfter.length !== found.length) {
    return `it has ${found.length} references, and would have ${foundAfter.length} afterwards`
  }
  const replacements = new Map(chosen.map(({ parts, replacement }) => [parts, replacement]))
  for (const [index, { parts }] of found.entries()) {
    const [written, actual] = [writtenOf(parts), writtenOf(foundAfter[index]!.parts)]
    // A registry that others share may change with them; what they read afterwards is checked as theirs.
    const isShared = parts.whole === undefined && parts.repository === undefined && !replacements.has(parts)
    const expected = isShared ? actual : (replacements.get(parts) ?? written)
    if (expected !== actual) return `${written} would read ${actual} afterwards, and not ${expected}`
  }
  const isYaml = found.some(({ format }) => YAML_FORMATS.includes(format))
  const edits = chosen.flatMap((finding) => finding.edits)
  if (isYaml && !keepsShape(before.text, after.text, edits))
    return 'more than image names would differ afterwards'
  return undefined
}
