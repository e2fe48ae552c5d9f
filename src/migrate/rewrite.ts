import { applyEdits } from './edit.ts'
import { type Examined, type ExamineOptions, examineText } from './examine.ts'
import { readReferences, withText } from './find.ts'
import type { Edit, Finding } from './finding.ts'
import { formatOf } from './format.ts'
import type { Format, SourceText } from './found.ts'
import { writtenOf } from './name.ts'
import { faultOfRegistries, faultOfToml } from './toml-shape.ts'
import { withheld } from './withheld.ts'
import { faultOfYaml } from './yaml/yaml-shape.ts'

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

/** Which findings are rewritten, besides those of structured values. */
export interface RewriteOptions {
  /** References in comments, prose, and text of no known format. */
  readonly includeText?: boolean
  /** Strings of programs. */
  readonly includeCode?: boolean
  /** Findings that are not to be rewritten, and others that are to become something else; all as they are without. */
  readonly choose?: (finding: Finding) => Finding
}

const NO_IMAGE = 'it is where images are, and no image: change it by hand, with what is put behind it'
const CODE = 'it is a string of a program: --include-code changes it'
const YAML_FORMATS = new Set<Format>([
  ...(['kubernetes', 'helm-values', 'helm-template', 'kustomize', 'kubeadm', 'cluster-api', 'kops'] as const),
  ...(['talos', 'k3s', 'compose', 'ci', 'ansible', 'cloud-init', 'docker-daemon', 'policy'] as const),
])
const TOML_FORMATS = new Set<Format>(['containerd', 'crio', 'registries-conf', 'toml'])

/** Reads a text and gives it its new names; see {@link rewriteExamined}. */
export function rewriteText(source: SourceText, options: ExamineOptions & RewriteOptions): Rewritten {
  return rewriteExamined(examineText(source, options), options)
}

/**
 * Gives a text its new names, edited at the values themselves. Then the new text is read again: unless it holds the
 * same references in the same order, each as it was or as it should be now, and nothing else differs by a parser of its
 * format, the text is left alone and `refused` says why.
 */
export function rewriteExamined(examined: Examined, options: RewriteOptions = {}): Rewritten {
  const { includeText = false, includeCode = false, choose = (finding) => finding } = options
  const { source } = examined
  const findings = examined.findings.map((finding) =>
    finding.confidence === 'code' && !includeCode ? withheld(finding, CODE) : choose(finding),
  )
  const chosen = findings.filter(
    ({ edits, confidence }) => edits.length > 0 && (includeText || confidence !== 'text'),
  )
  const unchanged = { findings, edits: [], text: source.text }
  if (chosen.length === 0) return unchanged
  const edits = chosen.flatMap((finding) => finding.edits)
  const text = applyEdits(source.text, edits)
  const refused =
    faultOfReferences(examined, { ...source, text }, chosen, includeText) ?? faultOfShape(source, text, edits)
  if (refused === undefined) return { findings, edits, text }
  // What keeps only itself from being changed keeps nothing else.
  if (chosen.some(isPlaceOfImages)) {
    const careful = (one: Finding) => (isPlaceOfImages(one) ? withheld(choose(one), NO_IMAGE) : choose(one))
    return rewriteExamined(examined, { ...options, choose: careful })
  }
  return { ...unchanged, refused }
}

/** `gcr.io/google-containers` may be an image by its looks, and what it becomes is a registry alone. */
function isPlaceOfImages({ parts, replacement }: Finding): boolean {
  const isImage = parts.whole !== undefined || parts.repository !== undefined
  return isImage && replacement !== undefined && !replacement.includes('/')
}

function faultOfReferences(
  { found, map }: Examined,
  after: SourceText,
  chosen: readonly Finding[],
  includeText: boolean,
): string | undefined {
  const read = readReferences(after, map.isRelevant).found
  const foundAfter = includeText ? withText(after, read) : read
  if (foundAfter.length !== found.length) {
    return `it has ${found.length} references, and would have ${foundAfter.length} afterwards`
  }
  const replacements = new Map(chosen.map(({ parts, replacement }) => [parts, replacement]))
  for (const [index, { parts, isUse }] of found.entries()) {
    const [written, actual] = [writtenOf(parts), writtenOf(foundAfter[index]!.parts)]
    // A registry that others share may change with them; what they read afterwards is checked as theirs.
    const isBare = parts.whole === undefined && parts.repository === undefined
    const isShared = isUse === true || (isBare && !replacements.has(parts))
    const expected = isShared ? actual : (replacements.get(parts) ?? written)
    if (expected !== actual) return `${written} would read ${actual} afterwards, and not ${expected}`
  }
  return undefined
}

function faultOfShape(source: SourceText, after: string, edits: readonly Edit[]): string | undefined {
  const format = formatOf(source.path, source.text)
  if (TOML_FORMATS.has(format)) {
    const fault = faultOfToml(source.text, after, edits)
    return fault ?? (format === 'registries-conf' ? faultOfRegistries(source.text, after) : undefined)
  }
  return YAML_FORMATS.has(format) ? faultOfYaml(source.text, edits) : undefined
}
