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
    'its certificate is for other hosts: check the address; for a bucket with dots in its name, addressing: path',
}

/** What to do about a certificate; `undefined` for any other reason why there was no answer. */
export function certificateAdvice(reason: string): string | undefined {
  return Object.hasOwn(CERTIFICATES, reason) ? CERTIFICATES[reason] : undefined
}
