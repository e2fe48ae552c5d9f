/** What is said of a handshake that failed; a closed set, so that whoever knocks does not decide what is written. */
const FAULTS: readonly (readonly [code: RegExp, reason: string])[] = [
  // The last of them is what Bun makes of the alert of OpenSSL's clients in TLS 1.3, which comes unencrypted.
  [
    /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_|ACCESS_DENIED)|BAD_PACKET_LENGTH/,
    'the client does not accept our certificate',
  ],
  [/DID_NOT_RETURN_A_CERTIFICATE/, 'the client shows no certificate'],
  [/UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|PROTOCOL_VERSION/, 'the client speaks no TLS from 1.2 on'],
  [/NO_SHARED_|WRONG_CURVE/, 'the client and we have no cipher in common'],
  [/NO_APPLICATION_PROTOCOL/, 'the client does not speak HTTP/1.1'],
]
const UNTRUSTED_CLIENT = "no authority of ours vouches for the client's certificate"
const OTHER = 'the TLS handshake failed'
export const TOO_SLOW = 'the TLS handshake did not end in time'

/** How OpenSSL names what speaks against a certificate, which Bun gives as the error. */
const VERIFY = /CERT|CRL|ISSUER|SIGNATURE|PATH_LENGTH|INVALID_PURPOSE|INVALID_CA/

/**
 * Why a handshake failed, by what the runtime says of it and of the client's certificate. `undefined` where no more can
 * be said than that the connection is gone: whoever leaves is not refused.
 */
export function handshakeFault(code: string | undefined, certificateFault: unknown): string | undefined {
  if (typeof certificateFault === 'string' && certificateFault !== '') return UNTRUSTED_CLIENT
  if (code === undefined) return undefined
  if (code.startsWith('ERR_SSL_')) return FAULTS.find(([pattern]) => pattern.test(code))?.[1] ?? OTHER
  return VERIFY.test(code) ? UNTRUSTED_CLIENT : undefined
}
