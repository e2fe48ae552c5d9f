/** How an account proves itself to a registry. */
export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** What a token server gave at login, to be exchanged for tokens (OAuth 2.0 refresh token). */
  | { readonly kind: 'identityToken'; readonly token: string }

/**
 * The credential for a registry's host, such as `registry.test:5000`; `undefined` to pull anonymously. Where one was
 * `refused`, it is not taken from memory: it may have been replaced where it comes from.
 */
export type Credentials = (host: string, refused?: Credential) => Promise<Credential | undefined>

/** Whether two say the same. */
export function sameCredential(one: Credential | undefined, other: Credential | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  if (one.kind === 'identityToken') return other.kind === 'identityToken' && one.token === other.token
  return other.kind === 'password' && one.username === other.username && one.password === other.password
}
