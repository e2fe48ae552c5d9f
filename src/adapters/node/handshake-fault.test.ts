import { expect, test } from 'vitest'
import { handshakeFault } from './handshake-fault.ts'

const UNTRUSTED = "no authority of ours vouches for the client's certificate"

test.each<[string, string | undefined, unknown, string | undefined]>([
  [
    'an alert of TLS 1.3',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    null,
    'the client does not accept our certificate',
  ],
  [
    'an alert of Java',
    'ERR_SSL_TLSV1_ALERT_CERTIFICATE_UNKNOWN',
    null,
    'the client does not accept our certificate',
  ],
  [
    'an alert of Go',
    'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
    null,
    'the client does not accept our certificate',
  ],
  [
    'an alert in the clear, on Bun',
    'ERR_SSL_BAD_PACKET_LENGTH',
    null,
    'the client does not accept our certificate',
  ],
  ['no certificate', 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', null, 'the client shows no certificate'],
  ["a stranger's certificate, on Node", 'ECONNRESET', 'DEPTH_ZERO_SELF_SIGNED_CERT', UNTRUSTED],
  ["a stranger's certificate, on Bun", 'DEPTH_ZERO_SELF_SIGNED_CERT', null, UNTRUSTED],
  ['one that has ended, on Bun', 'CERT_HAS_EXPIRED', undefined, UNTRUSTED],
  ['TLS 1.1', 'ERR_SSL_UNSUPPORTED_PROTOCOL', null, 'the client speaks no TLS from 1.2 on'],
  ['other ciphers', 'ERR_SSL_NO_SHARED_CIPHER', null, 'the client and we have no cipher in common'],
  ['other curves', 'ERR_SSL_NO_SHARED_GROUP', null, 'the client and we have no cipher in common'],
  ['HTTP/2 alone', 'ERR_SSL_NO_APPLICATION_PROTOCOL', null, 'the client does not speak HTTP/1.1'],
  ['noise', 'ERR_SSL_WRONG_VERSION_NUMBER', null, 'the TLS handshake failed'],
  ['a client that left', 'ECONNRESET', null, undefined],
  ['what has no code', undefined, undefined, undefined],
])('tells what is behind %s', (_, code, certificateFault, reason) => {
  expect(handshakeFault(code, certificateFault)).toBe(reason)
})
