import type { Digest } from '../oci/digest.ts'

/** What is wrong with a bundle: in which parts, and with which content, where it is about one. */
export interface BundleFault {
  /** Names of files; none where it is about the bundle as a whole. */
  readonly parts: readonly string[]
  readonly digest?: Digest
  readonly message: string
}
