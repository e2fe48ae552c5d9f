import { ofRequest, type Shape } from '../shape.ts'

const GO_DNS = 'Go net, dnsclient_unix.go and net.go (DNSError)'
const GO_NET = 'Go net (OpError) around the errors of connect(2)'
const GO_HTTP = 'Go net/http, transport.go'

/** Name servers, connections and proxies. */
export const NETWORK_SHAPES: readonly Shape[] = [
  {
    says: ['lookup {host} on {server}: no such host', 'lookup {host}: no such host'],
    causes: ['dns'],
    note: 'The name server says that there is no such name (NXDOMAIN), or no address of it.',
    source: GO_DNS,
  },
  {
    says: ['lookup {host} on {server}: server misbehaving', 'lookup {host}: server misbehaving'],
    causes: ['dns', 'dns-server-failure', 'dns-refused'],
    note: 'The name server itself failed (SERVFAIL or REFUSED): that is not the same as no such name.',
    source: GO_DNS,
  },
  {
    says: [
      'lookup {host} on {server}: read udp {own}->{server}: i/o timeout',
      'lookup {host}: i/o timeout',
      'lookup {host} on {server}: dial udp {server}: i/o timeout',
      'lookup {host}: Temporary failure in name resolution',
    ],
    causes: ['dns', 'dns-timeout'],
    note: 'The name server does not answer: a firewall on port 53, or a wrong address in /etc/resolv.conf.',
    source: GO_DNS,
  },
  {
    says: ['lookup {host} on {server}: read udp {own}->{server}: read: connection refused'],
    causes: ['dns', 'dns-timeout'],
    note: 'Nothing listens at the address of the name server.',
    source: GO_DNS,
    unseen: true,
  },
  {
    says: ['dial tcp {address}: connect: connection refused'],
    causes: ['refused'],
    source: GO_NET,
  },
  {
    says: ['dial tcp {address}: i/o timeout', 'dial tcp {address}: connect: connection timed out'],
    causes: ['timeout'],
    note: 'No connection came about: nothing at all came back.',
    source: GO_NET,
  },
  {
    says: [
      'dial tcp {address}: connect: no route to host',
      'dial tcp {address}: connect: network is unreachable',
      'dial tcp {address}: connect: cannot assign requested address',
    ],
    causes: ['unreachable', 'address-family'],
    source: GO_NET,
  },
  {
    says: [
      'read tcp {own}->{address}: read: connection reset by peer',
      'write tcp {own}->{address}: write: connection reset by peer',
    ],
    causes: ['reset'],
    source: GO_NET,
  },
  {
    says: ['write tcp {own}->{address}: write: broken pipe'],
    causes: ['reset'],
    source: GO_NET,
    unseen: true,
  },
  {
    says: ofRequest('EOF'),
    causes: ['reset'],
    note: 'The connection was closed before an answer: often by what looks into the handshake.',
    source: GO_HTTP,
  },
  {
    says: ofRequest('unexpected EOF'),
    causes: ['reset', 'truncated'],
    source: GO_HTTP,
  },
  {
    says: ['net/http: TLS handshake timeout'],
    causes: ['timeout'],
    note: 'The connection came about and then nothing was said: a firewall that inspects, or packets that are too large (MTU).',
    source: GO_HTTP,
  },
  {
    says: ['net/http: timeout awaiting response headers', 'Client.Timeout exceeded while awaiting headers'],
    causes: ['timeout'],
    note: 'The server took the request and did not begin to answer. containerd 2.3 and later wait for 30 s.',
    source: `${GO_HTTP}, client.go`,
  },
  {
    says: [
      'net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    ],
    causes: ['timeout'],
    source: GO_HTTP,
  },
  {
    says: ['read tcp {own}->{address}: i/o timeout', 'read tcp {own}->{address}: read: connection timed out'],
    causes: ['timeout'],
    note: 'The connection stood, and then stood still.',
    source: GO_NET,
    unseen: true,
  },
  {
    says: [...ofRequest('context deadline exceeded'), 'failed to do request: context deadline exceeded'],
    causes: ['timeout'],
    source: 'Go context, around what the HTTP client waited for',
  },
  {
    says: [
      ...ofRequest('proxyconnect tcp: dial tcp {server}: connect: connection refused'),
      ...ofRequest('proxyconnect tcp: dial tcp {server}: i/o timeout'),
      ...ofRequest('proxyconnect tcp: dial tcp: lookup {proxy} on {server}: no such host'),
      'proxyconnect tcp: {words}',
    ],
    causes: ['proxy-unreachable'],
    source: GO_HTTP,
  },
  {
    says: [...ofRequest('Proxy Authentication Required'), 'Proxy Authentication Required'],
    causes: ['proxy-auth'],
    note: 'The proxy answered CONNECT with 407.',
    source: GO_HTTP,
  },
  {
    says: ofRequest('Forbidden'),
    causes: ['proxy-denied'],
    note: 'A bare "Forbidden" is the answer of a proxy to CONNECT: the registry was never reached.',
    source: GO_HTTP,
  },
  {
    says: [...ofRequest('Bad Gateway'), ...ofRequest('Service Unavailable'), ...ofRequest('Gateway Timeout')],
    causes: ['proxy-failed'],
    note: 'The bare words are the answer of a proxy to CONNECT: the registry was never reached.',
    source: GO_HTTP,
  },
  {
    says: [
      'stream error: stream ID {number}; {word}; received from peer',
      'http2: server sent GOAWAY and closed the connection',
    ],
    causes: ['http2'],
    source: 'Go net/http, h2_bundle.go (RFC 9113, 7)',
  },
]
