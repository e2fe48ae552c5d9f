import { ofRequest, type Shape } from '../shape.ts'

const GO_X509 = 'Go crypto/x509, verify.go'
const GO_TLS = 'Go crypto/tls, alert.go (RFC 8446, 6.2)'

/** Certificates, and who speaks what to whom. */
export const TLS_SHAPES: readonly Shape[] = [
  {
    says: ['x509: certificate signed by unknown authority'],
    causes: ['tls-unknown-authority'],
    source: GO_X509,
  },
  {
    says: [
      'x509: certificate is valid for {words}, not {host}',
      'x509: certificate is not valid for any names, but wanted to match {host}',
    ],
    causes: ['tls-name-mismatch'],
    source: GO_X509,
  },
  {
    says: ["x509: cannot validate certificate for {host} because it doesn't contain any IP SANs"],
    causes: ['tls-name-mismatch'],
    note: 'The registry is asked by its address, and its certificate has none.',
    source: GO_X509,
    unseen: true,
  },
  {
    says: ['x509: certificate relies on legacy Common Name field, use SANs instead'],
    causes: ['tls-name-mismatch'],
    note: 'The certificate has its name in the common name alone.',
    source: GO_X509,
  },
  {
    says: ['x509: certificate has expired or is not yet valid: current time {time} is after {time}'],
    causes: ['tls-expired', 'clock'],
    source: GO_X509,
  },
  {
    says: ['x509: certificate has expired or is not yet valid: current time {time} is before {time}'],
    causes: ['clock'],
    note: 'The certificate begins only after the time that this machine believes it is.',
    source: GO_X509,
  },
  {
    says: ['x509: certificate has expired or is not yet valid'],
    causes: ['tls-expired', 'clock'],
    source: GO_X509,
    vague: true,
  },
  {
    says: [
      'remote error: tls: protocol version not supported',
      'tls: server selected unsupported protocol version {word}',
      'remote error: tls: handshake failure',
      'remote error: tls: internal error',
    ],
    causes: ['tls-handshake'],
    source: GO_TLS,
  },
  {
    says: ['remote error: tls: unrecognized name'],
    causes: ['tls-handshake', 'tls-name-mismatch'],
    note: 'The server does not know the name that it was asked by.',
    source: GO_TLS,
    unseen: true,
  },
  {
    says: [
      'remote error: tls: certificate required',
      'remote error: tls: bad certificate',
      'remote error: tls: unknown certificate authority',
    ],
    causes: ['tls-client-certificate'],
    source: GO_TLS,
  },
  {
    says: ['http: server gave HTTP response to HTTPS client'],
    causes: ['plain-http'],
    source: 'Go net/http, transport.go and client.go',
  },
  {
    says: ['Client sent an HTTP request to an HTTPS server', 'The plain HTTP request was sent to HTTPS port'],
    causes: ['https-required'],
    source: 'Go net/http, server.go; nginx, ngx_http_special_response.c (497)',
  },
  {
    says: ['tls: first record does not look like a TLS handshake'],
    causes: ['not-http', 'plain-http'],
    source: 'Go crypto/tls, conn.go',
  },
  {
    says: [
      'net/http: HTTP/1.x transport connection broken: malformed HTTP response',
      ...ofRequest('malformed HTTP response {words}'),
    ],
    causes: ['not-http', 'https-required'],
    source: 'Go net/http, transport.go',
    unseen: true,
  },
]
