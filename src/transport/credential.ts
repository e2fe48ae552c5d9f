/** How an account proves itself to a registry. */
export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** What a token server gave at login, to be exchanged for tokens (OAuth 2.0 refresh token). */
  | { readonly kind: 'identityToken'; readonly token: string }

/** The credential for a registry's host, such as `registry.test:5000`; `undefined` to pull anonymously. */
export type Credentials = (host: string) => Promise<Credential | undefined>
