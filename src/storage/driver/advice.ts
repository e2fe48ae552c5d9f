/** A page where an answer of a service should be: nothing else says text/html. */
export function isPage(contentType: string | null | undefined): boolean {
  return /^\s*text\/html\b/i.test(contentType ?? '')
}

/** What to do about a page. */
export const PAGE_ADVICE =
  'it answers with a page of HTML, of a proxy, a website or one to log in: check the endpoint, and the proxy on the way'

/** What to do about a place that is full; some services say 403 to it. */
export const QUOTA_ADVICE = 'that is its quota, not a missing permission: raise it, or delete something'

/** Whether a service's own words say that it is full. */
export function speaksOfQuota(...words: readonly (string | undefined)[]): boolean {
  return words.some((each) => /quota|storage ?(?:cap|full)|insufficient ?storage/i.test(each ?? ''))
}

const AUTHORITY_ADVICE =
  'nobody that is trusted here vouches for its certificate: name the authority that does, as a PEM file, in ca of the config, in --ca or in NODE_EXTRA_CA_CERTS'

/** By what TLS says of a certificate (OpenSSL, X509_STORE_CTX_get_error). */
const CERTIFICATES: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: AUTHORITY_ADVICE,
  UNABLE_TO_GET_ISSUER_CERT: AUTHORITY_ADVICE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: AUTHORITY_ADVICE,
  SELF_SIGNED_CERT_IN_CHAIN: AUTHORITY_ADVICE,
  DEPTH_ZERO_SELF_SIGNED_CERT: AUTHORITY_ADVICE,
  CERT_HAS_EXPIRED: "its certificate has expired: it has to be renewed, unless this machine's clock is wrong",
  CERT_NOT_YET_VALID: "its certificate is not valid yet: set this machine's clock",
  ERR_TLS_CERT_ALTNAME_INVALID:
    'its certificate is for other hosts: check the endpoint; for a bucket with dots in its name, addressing: path',
}

/** What to do about a certificate; `undefined` for any other reason why there was no answer. */
export function certificateAdvice(reason: string): string | undefined {
  return Object.hasOwn(CERTIFICATES, reason) ? CERTIFICATES[reason] : undefined
}
