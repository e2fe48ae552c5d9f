/** What is said of a handshake that failed; a closed set, so that whoever knocks does not decide what is written. */
const FAULTS: readonly (readonly [code: RegExp, reason: string])[] = [
  [
    /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+|ACCESS_DENIED)/,
    'the client does not accept our certificate',
  ],
  [/DID_NOT_RETURN_A_CERTIFICATE/, 'the client shows no certificate'],
  [
    /UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|PROTOCOL_VERSION|NO_PROTOCOLS/,
    'the client speaks no version of TLS from 1.2 on',
  ],
  [/NO_SHARED_CIPHER/, 'the client speaks no cipher that we do'],
  [/NO_APPLICATION_PROTOCOL/, 'the client speaks no HTTP/1.1'],
]
const UNTRUSTED_CLIENT = "no authority of ours vouches for the client's certificate"
const MALFORMED = 'this is no handshake of TLS'
export const TOO_SLOW = 'the TLS handshake did not end in time'

/**
 * Why a handshake failed, by what the runtime says of it and of the client's certificate. `undefined` where the client
 * only left, and where nothing more can be said than that the connection is gone.
 */
export function handshakeFault(code: string | undefined, certificateFault: unknown): string | undefined {
  if (typeof certificateFault === 'string' && certificateFault !== '') return UNTRUSTED_CLIENT
  if (code === undefined || !code.startsWith('ERR_SSL_'))
    return VERIFY.test(code ?? '') ? UNTRUSTED_CLIENT : undefined
  return FAULTS.find(([pattern]) => pattern.test(code))?.[1] ?? MALFORMED
}

/** How OpenSSL names what speaks against a certificate, which Bun gives as the error. */
const VERIFY = /CERT|CRL|ISSUER|SIGNATURE|PATH_LENGTH|INVALID_PURPOSE|INVALID_CA/
