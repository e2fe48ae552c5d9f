/** What a runtime with a disk and threads lends to check the passwords of clients. */
export interface PasswordRuntime {
  /** Throws what keeps a file from being read. */
  readonly read: (file: string) => Promise<string>
  /** What tells one version of a file from the next; `undefined` when it cannot be had. */
  readonly print: (file: string) => Promise<string | undefined>
  /** Whether a password is that of a bcrypt hash; tens of milliseconds or more, in a thread of its own, one at a time. */
  readonly verify: (password: string, hash: string) => Promise<boolean>
  /** Bytes that nobody can guess. */
  readonly secret: Uint8Array
}
