/** How far a certificate is in its life. */
export type ExpiryState = 'early' | 'valid' | 'ending' | 'ended'

/** Whoever renews by hand wants to know so long before, in milliseconds. */
const WARNING = 14 * 24 * 3_600_000
/** One that lives for days is renewed later: this share of its life must be left. */
const SHARE = 1 / 6

/** All in milliseconds since 1970. */
export function expiryState(
  { notBefore, notAfter }: { readonly notBefore: number; readonly notAfter: number },
  now: number,
): ExpiryState {
  if (now < notBefore) return 'early'
  if (now > notAfter) return 'ended'
  return notAfter - now < Math.min(WARNING, (notAfter - notBefore) * SHARE) ? 'ending' : 'valid'
}
