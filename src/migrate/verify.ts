import type { Digest } from '../oci/digest.ts'
import { parseReference, type Reference } from '../oci/reference.ts'
import type { Finding } from './finding.ts'

/** What a reference stands for at its registry now: a digest, nothing, or what is not known. */
export type Resolve = (reference: Reference) => Promise<Digest | undefined | 'unreachable'>

/** What was learned of one change of a reference. */
export type Verification =
  /** The new name has what the old one has; or has it, where the old one lacks it. */
  | { readonly kind: 'same'; readonly digest: Digest }
  /** A registry alone names nothing that could be asked for. */
  | { readonly kind: 'nothing-to-ask' }
  | { readonly kind: 'refused' | 'unreachable'; readonly reason: string }

/** Asks old and new registries whether changes are what they should be; each change is asked about once. */
export class TargetChecker {
  readonly #resolve: Resolve
  readonly #known = new Map<string, Promise<Verification>>()

  constructor(resolve: Resolve) {
    this.#resolve = resolve
  }

  verify(finding: Finding): Promise<Verification> {
    const key = `${finding.understood} ${finding.replacement}`
    let known = this.#known.get(key)
    if (known === undefined) {
      known = this.#ask(finding)
      this.#known.set(key, known)
    }
    return known
  }

  async #ask({ parts, understood, replacement }: Finding): Promise<Verification> {
    if (replacement === undefined || (parts.whole === undefined && parts.repository === undefined)) {
      return { kind: 'nothing-to-ask' }
    }
    const [old, young] = [parseReference(understood), parseReference(replacement)]
    const digest = await this.#resolve(young)
    if (digest === 'unreachable') return { kind: 'unreachable', reason: `${young.host} gives no answer` }
    if (digest === undefined) return { kind: 'refused', reason: `there is no ${replacement}` }
    if (young.digest !== undefined) {
      // By its digest it is the same content wherever it is; with a tag besides, the digest is what is pulled.
      return { kind: 'same', digest }
    }
    const before = await this.#resolve(old)
    if (before === 'unreachable') return { kind: 'unreachable', reason: `${old.host} gives no answer` }
    if (before !== undefined && before !== digest) {
      return { kind: 'refused', reason: `${understood} is ${before}, and ${replacement} is ${digest}` }
    }
    return { kind: 'same', digest }
  }
}

/** Puts the digest behind the new name. Where it has no place, as in Helm values without one, the note says so. */
export function pinned(finding: Finding, digest: Digest): Finding {
  const { parts, replacement, edits } = finding
  const [edit] = edits
  if (edit === undefined || replacement === undefined || replacement.includes('@')) return finding
  if (parts.whole === undefined) {
    const note = `it is not pinned to ${digest}: its digest has no place of its own`
    return { ...finding, note: finding.note === undefined ? note : `${finding.note}; ${note}` }
  }
  const text = `${replacement}@${digest}`
  return { ...finding, replacement: text, edits: [{ ...edit, text }] }
}
