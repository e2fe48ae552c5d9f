/** Algorithms that the OCI image spec 1.1 registers (descriptor.md, "Registered algorithms"). */
export type HashAlgorithm = 'sha256' | 'sha512'

/** A hash that is fed piece by piece. */
export interface Hash {
  update(bytes: Uint8Array): void
  /** Ends it; lower-case hexadecimal digits. */
  hex(): string
}

/** Begins a hash; the web's own crypto cannot hash a stream, so that the runtime lends it. */
export type CreateHash = (algorithm: HashAlgorithm) => Hash
