import type { Digest } from '../oci/digest.ts'
import type { AffectedImages } from './affected-images.ts'
import { AUDIT_FINDING_KINDS, type AuditFinding, type AuditFindingKind } from './audit-report.ts'

/** What is found in one store, each with the images that it concerns. */
export class AuditFindings {
  readonly #imagesOf: (digest: Digest) => AffectedImages
  readonly #found: AuditFinding[] = []

  constructor(imagesOf: (digest: Digest) => AffectedImages) {
    this.#imagesOf = imagesOf
  }

  add(
    kind: AuditFindingKind,
    message: string,
    object?: { readonly key: string; readonly digest: Digest },
  ): void {
    const affected = object === undefined ? { images: [], imageCount: 0 } : this.#imagesOf(object.digest)
    this.#found.push({
      kind,
      message,
      ...(object !== undefined && { key: object.key, digest: object.digest }),
      ...affected,
    })
  }

  holds(kind: AuditFindingKind): boolean {
    return this.#found.some((finding) => finding.kind === kind)
  }

  get count(): number {
    return this.#found.length
  }

  /** The worst kind first; of one kind, by key. */
  sorted(): AuditFinding[] {
    const rank = ({ kind }: AuditFinding) => AUDIT_FINDING_KINDS.indexOf(kind)
    return this.#found.toSorted((a, b) => rank(a) - rank(b) || compare(a.key ?? '', b.key ?? ''))
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
