import { FINDINGS_MAX, type LegacyCounts, type LegacyFinding } from '../../legacy/legacy-list.ts'
import type { Exceptions } from './exceptions.ts'

type Kind = LegacyFinding['kind']
type Counted = keyof Pick<LegacyCounts, 'repositories' | 'tags' | 'manifests' | 'blobs' | 'referrers'>

const KINDS: readonly Kind[] = ['missing', 'different', 'unknown']
const WHATS: readonly LegacyFinding['what'][] = ['repository', 'tag', 'manifest', 'referrer', 'blob']
/** As the form of a list allows. */
const MESSAGE_MAX = 2000

/** What is found, beside the finding itself. */
export interface FindingParts {
  /** `NAME:TAG` of the images that lead to it; asked for only where there are exceptions. */
  readonly holders: () => readonly string[]
  /** Whether to look again would find the same: only that can be accepted. */
  readonly lasting: boolean
}

/** Counts what is looked at, and keeps the first of what is not as it must be. */
export class Findings {
  readonly counts = {
    ...{ repositories: 0, tags: 0, manifests: 0, blobs: 0, referrers: 0 },
    ...{ missing: 0, different: 0, unknown: 0, excepted: 0 },
  } satisfies LegacyCounts
  readonly #exceptions: Exceptions
  readonly #found = new Map<Kind | 'excepted', LegacyFinding[]>()

  constructor(exceptions: Exceptions) {
    this.#exceptions = exceptions
  }

  /** Counts what was looked at. */
  count(what: Counted, more: number): void {
    this.counts[what] += more
  }

  /** Counts something of which nobody said anything, without a finding of its own. */
  countUnknown(): void {
    this.counts.unknown++
  }

  add(finding: LegacyFinding, { holders, lasting }: FindingParts): void {
    const kind = lasting && this.#isAccepted(finding, holders) ? 'excepted' : finding.kind
    this.counts[kind]++
    this.#keep(kind, finding)
  }

  /** Names together the questions that were counted as unknown without being asked. */
  noteSkipped(location: string, count: number): void {
    const message = `${count} questions were not asked any more, after several in a row without an answer`
    this.#keep('unknown', { kind: 'unknown', what: 'repository', image: location, message })
  }

  /** The first of them, the worst before the others. */
  get first(): readonly LegacyFinding[] {
    return KINDS.flatMap((kind) => sorted(this.#found.get(kind))).slice(0, FINDINGS_MAX)
  }

  /** The first that were accepted. */
  get excepted(): readonly LegacyFinding[] {
    return sorted(this.#found.get('excepted'))
  }

  #keep(kind: Kind | 'excepted', finding: LegacyFinding): void {
    const found = this.#found.get(kind) ?? []
    this.#found.set(kind, found)
    if (found.length < FINDINGS_MAX)
      found.push({ ...finding, message: finding.message.slice(0, MESSAGE_MAX) })
  }

  /** By itself, or since all images that it belongs to are accepted. */
  #isAccepted({ image }: LegacyFinding, holders: FindingParts['holders']): boolean {
    if (this.#exceptions.has(image)) return true
    const images = this.#exceptions.none ? [] : holders()
    return images.length > 0 && images.every((each) => this.#exceptions.has(each))
  }
}

function sorted(findings: readonly LegacyFinding[] = []): readonly LegacyFinding[] {
  const rank = ({ what }: LegacyFinding) => WHATS.indexOf(what)
  return findings.toSorted(
    (one, other) =>
      rank(one) - rank(other) || (one.image < other.image ? -1 : one.image > other.image ? 1 : 0),
  )
}
