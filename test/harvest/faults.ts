import { gzipSync } from 'node:zlib'
import { OCI_MANIFEST } from '../../src/oci/manifest.ts'
import type { IssueOptions } from './authority.ts'
import { type Image, type ImageOptions, indexFor, schema1 } from './content.ts'
import type { NameAnswer } from './name-server.ts'
import { type Answer, type Answerer, type Asked, BYTES, json } from './registry.ts'

/** Where the servers of a harvest listen; all of 127.0.0.0/8 is this machine. */
export const AT = {
  nameServer: '192.0.2.53',
  registry: '192.0.2.1',
  plainHttp: '192.0.2.2',
  resets: '192.0.2.3',
  hangsUp: '192.0.2.4',
  silent: '192.0.2.5',
  oldTls: '192.0.2.6',
  clientCertificate: '192.0.2.7',
  banner: '192.0.2.8',
  http2: '192.0.2.9',
  proxy: '192.0.2.10',
  brokenHttp2: '192.0.2.11',
  noSharedCipher: '192.0.2.12',
  /** Nobody listens. */
  nobody: '192.0.2.99',
  /** A firewall drops what goes there. */
  dropped: '192.0.2.98',
  /** A firewall refuses what goes there. */
  rejected: '192.0.2.97',
  noRoute: '10.9.9.9',
  noNetwork: '203.0.113.9',
} as const

/** By which settings a client speaks to a registry. */
export type Setting =
  | 'direct'
  | 'proxy'
  | 'dead proxy'
  | 'lost proxy'
  | 'plain'
  | 'small disk'
  | 'read-only disk'

/** One thing that is wrong, the same for every client. */
export interface Fault {
  /** Its registry is `ID.example`. */
  readonly id: string
  /** What `doctor --error` has to name first. */
  readonly cause: string
  /** The same for clients whose words say less, or something else, by name without version; `-`: they say nothing. */
  readonly told?: Readonly<Record<string, string>>
  /** What the name of the registry means; by default the one that answers. */
  readonly name?: NameAnswer
  /** What the names that its answers lead to mean. */
  readonly names?: Readonly<Record<string, NameAnswer>>
  readonly certificate?: IssueOptions & { readonly as?: string }
  readonly image?: ImageOptions
  readonly answer?: Answerer
  readonly setting?: Setting
  /** `team/app:1.0` by default. */
  readonly reference?: string
  /** Only these, where others wait too long or know nothing of it. */
  readonly clients?: readonly string[]
  /** Not these: Helm looks at what an image is before it fetches any blob. */
  readonly without?: readonly string[]
}

const HTML = (status: number, title: string): Answer => ({
  status,
  headers: { 'Content-Type': 'text/html', Server: 'nginx' },
  body: `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
})
const XML = (status: number, code: string, message: string): Answer => ({
  status,
  headers: { 'Content-Type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>4442587FB7D0A2F9</RequestId></Error>`,
})
const oci = (status: number, code: string, message: string, headers: Answer['headers'] = {}): Answer =>
  json(status, { errors: [{ code, message }] }, headers)

const SIGNED =
  'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260101%2Feu-west-3%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=1200&X-Amz-SignedHeaders=host&X-Amz-Signature=3da54e9b1c8f6a0d7e2b4c6f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3'

const on =
  (part: Asked['part'], answer: Answer | 'silence' | ((asked: Asked) => Answer)): Answerer =>
  (asked) =>
    asked.part === part ? (typeof answer === 'function' ? answer(asked) : answer) : undefined
/** Manifests of the tag and of the digest alike. */
const onManifest = (answer: Answer | 'silence' | ((asked: Asked) => Answer)) => on('manifest', answer)
const onBlob = (answer: Answer | 'silence' | ((asked: Asked) => Answer)) => on('blob', answer)
const everywhere =
  (answer: Answer | 'silence'): Answerer =>
  () =>
    answer
/** Blobs lie at another host, which answers so. */
const atCdn =
  (cdn: string, answer: Answer): Answerer =>
  ({ host, part, path }) => {
    if (host === cdn) return answer
    if (part !== 'blob') return undefined
    return { status: 307, headers: { Location: `https://${cdn}/images${path}?${SIGNED}` } }
  }
const redirectBlobs = (to: string): Answerer =>
  onBlob(({ path }) => ({ status: 307, headers: { Location: `${to}${path}?${SIGNED}` } }))

const served = (image: Image): Answer => ({ status: 200, body: image.layer.bytes, headers: BYTES })
const manifestAs = (image: Image, type = OCI_MANIFEST): Answer => manifestOf({ ...image.manifest, type })
const manifestOf = ({ bytes, type, digest }: Image['manifest']): Answer => ({
  status: 200,
  body: bytes,
  headers: { 'Content-Type': type!, 'Docker-Content-Digest': digest },
})
const damaged = ({ layer }: Image) => layer.bytes.map((byte, index) => (index === 1000 ? byte ^ 0xff : byte))

/** Asks for a token, and then: */
const withToken =
  (realm: string, token: Answer, then?: Answer): Answerer =>
  ({ host, path, headers }) => {
    if (path === '/token') return token
    if (headers.authorization?.startsWith('Bearer')) return then
    const service = `service="${host}",scope="repository:team/app:pull"`
    return oci(401, 'UNAUTHORIZED', 'authentication required', {
      'WWW-Authenticate': `Bearer realm="${realm}",${service}`,
    })
  }
const TOKEN = json(200, { token: 'eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2VjcmV0LXRva2Vu', access_token: 'abc' })
const tokenFrom = (id: string, token: Answer, then?: Answer) =>
  withToken(`https://${id}.example/token`, token, then)

const DOCKER_HUB_LIMIT =
  'You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit'

/** The others speak HTTP/1.1 alone. */
const HTTP_2 = ['crane', 'cosign', 'oras', 'regctl', 'helm']

const NETWORK: readonly Fault[] = [
  { id: 'no-such-name', cause: 'dns', name: 'no such name' },
  { id: 'no-address', cause: 'dns', name: 'no address' },
  { id: 'name-server-fails', cause: 'dns', name: 'server failure' },
  { id: 'name-server-silent', cause: 'dns', name: 'silence' },
  { id: 'refused', cause: 'refused', name: AT.nobody },
  { id: 'dropped', cause: 'timeout', name: AT.dropped },
  { id: 'rejected', cause: 'unreachable', name: AT.rejected },
  { id: 'no-route', cause: 'unreachable', name: AT.noRoute },
  { id: 'no-network', cause: 'unreachable', name: AT.noNetwork },
  { id: 'reset', cause: 'reset', name: AT.resets },
  { id: 'hangs-up', cause: 'reset', name: AT.hangsUp },
  { id: 'silent-handshake', cause: 'timeout', name: AT.silent },
  {
    id: 'silent-answer',
    told: { 'containerd 2.2': 'cancelled' },
    cause: 'timeout',
    answer: everywhere('silence'),
  },
]

const TLS: readonly Fault[] = [
  { id: 'unknown-authority', cause: 'tls-unknown-authority', certificate: { by: 'unknown' } },
  { id: 'self-signed', cause: 'tls-unknown-authority', certificate: { by: 'itself' } },
  { id: 'wrong-name', cause: 'tls-name-mismatch', certificate: { as: 'other.example' } },
  { id: 'common-name-only', cause: 'tls-name-mismatch', certificate: { onlyCommonName: true } },
  {
    id: 'expired',
    cause: 'tls-expired',
    certificate: { from: '20240101000000Z', until: '20250101000000Z' },
  },
  { id: 'not-yet-valid', cause: 'clock', certificate: { from: '20340101000000Z' } },
  { id: 'old-tls', cause: 'tls-handshake', name: AT.oldTls },
  { id: 'no-shared-cipher', cause: 'tls-handshake', name: AT.noSharedCipher },
  { id: 'client-certificate', cause: 'tls-client-certificate', name: AT.clientCertificate },
  { id: 'plain-http', told: { helm: 'refused' }, cause: 'plain-http', name: AT.plainHttp },
  { id: 'https-only', cause: 'https-required', setting: 'plain' },
  { id: 'other-protocol', cause: 'not-http', name: AT.banner },
  { id: 'http2-stream-error', cause: 'http2', name: AT.http2, clients: HTTP_2 },
  { id: 'http2-goaway', cause: 'reset', name: AT.brokenHttp2, clients: HTTP_2 },
]

const PROXY: readonly Fault[] = [
  { id: 'proxy-407', cause: 'proxy-auth', setting: 'proxy' },
  { id: 'proxy-403', cause: 'proxy-denied', setting: 'proxy' },
  { id: 'proxy-502', cause: 'proxy-failed', setting: 'proxy' },
  { id: 'proxy-503', cause: 'proxy-failed', setting: 'proxy' },
  { id: 'proxy-dead', cause: 'proxy-unreachable', setting: 'dead proxy' },
  { id: 'proxy-lost', cause: 'proxy-unreachable', setting: 'lost proxy' },
]

const ANSWERS: readonly Fault[] = [
  {
    id: 'html-200',
    told: { helm: 'media-type' },
    cause: 'html-instead-of-json',
    answer: everywhere(HTML(200, 'Log in to the network')),
  },
  { id: 'html-403', cause: 'forbidden', answer: everywhere(HTML(403, '403 Forbidden')) },
  { id: 'html-404', cause: 'manifest-unknown', answer: onManifest(HTML(404, '404 Not Found')) },
  { id: 'no-registry', cause: 'manifest-unknown', answer: everywhere(HTML(404, '404 Not Found')) },
  { id: 'html-502', cause: 'server-error', answer: everywhere(HTML(502, '502 Bad Gateway')) },
  { id: 'html-503', cause: 'server-error', answer: everywhere(HTML(503, '503 Service Unavailable')) },
  { id: 'gateway-timeout', cause: 'server-error', answer: onManifest(HTML(504, '504 Gateway Time-out')) },
  { id: 'error-500', cause: 'server-error', answer: onManifest(oci(500, 'UNKNOWN', 'unknown error')) },
  {
    id: 'denied',
    cause: 'forbidden',
    answer: onManifest(oci(403, 'DENIED', 'requested access to the resource is denied')),
  },
  {
    id: 'legal',
    cause: 'blocked-by-law',
    answer: onManifest(HTML(451, '451 Unavailable For Legal Reasons')),
  },
  {
    id: 'limit',
    told: { skopeo: 'timeout' },
    cause: 'rate-limited',
    answer: onManifest(oci(429, 'TOOMANYREQUESTS', 'rate limit exceeded', { 'Retry-After': '30' })),
  },
  {
    id: 'hub-limit',
    cause: 'rate-limited',
    answer: onManifest(oci(429, 'TOOMANYREQUESTS', DOCKER_HUB_LIMIT)),
  },
  { id: 'limit-html', cause: 'rate-limited', answer: everywhere(HTML(429, '429 Too Many Requests')) },
  {
    id: 'manifest-unknown',
    cause: 'manifest-unknown',
    answer: onManifest(oci(404, 'MANIFEST_UNKNOWN', 'manifest unknown')),
  },
  {
    id: 'name-unknown',
    told: {
      containerd: 'manifest-unknown',
      ctr: 'manifest-unknown',
      helm: 'manifest-unknown',
      oras: 'manifest-unknown',
    },
    cause: 'repository-unknown',
    answer: onManifest(oci(404, 'NAME_UNKNOWN', 'repository name not known to registry')),
  },
  {
    id: 'manifest-loop',
    cause: 'redirect-loop',
    answer: onManifest(({ path }) => ({ status: 307, headers: { Location: path } })),
  },
  {
    id: 'empty-manifest',
    told: { helm: 'wrong-digest', oras: 'wrong-digest' },
    cause: 'truncated',
    answer: onManifest(({ image }) => ({ ...manifestAs(image), body: '' })),
  },
  {
    id: 'cut-manifest',
    cause: 'truncated',
    answer: onManifest(({ image }) => ({ ...manifestAs(image), breaks: 'close' })),
  },
  {
    id: 'octet-manifest',
    told: { oras: 'blob-unknown' },
    cause: 'media-type',
    answer: onManifest(({ image }) => manifestAs(image, 'application/octet-stream')),
  },
  {
    id: 'schema-1',
    told: { helm: 'media-type', oras: 'blob-unknown', 'containerd 1.6': 'truncated', 'ctr 1.6': 'truncated' },
    cause: 'schema1',
    answer: onManifest(manifestOf(schema1())),
  },
  {
    id: 'wrong-manifest',
    cause: 'wrong-digest',
    reference: `team/app@sha256:${'0'.repeat(64)}`,
    answer: onManifest(({ image }) => manifestOf(image.manifest)),
  },
  {
    id: 'other-platforms',
    told: { helm: 'media-type' },
    cause: 'no-platform',
    answer: on('manifest', ({ image, reference }) =>
      manifestOf(
        reference === image.manifest.digest
          ? image.manifest
          : indexFor(image, [
              { os: 'linux', architecture: 's390x' },
              { os: 'windows', architecture: 'amd64', 'os.version': '10.0.20348.2322' },
            ]),
      ),
    ),
  },
]

const AUTH: readonly Fault[] = [
  {
    id: 'no-challenge',
    cause: 'unauthorized',
    answer: everywhere(oci(401, 'UNAUTHORIZED', 'authentication required')),
  },
  {
    id: 'basic',
    cause: 'unauthorized',
    answer: everywhere(
      oci(401, 'UNAUTHORIZED', 'authentication required', {
        'WWW-Authenticate': 'Basic realm="Registry Realm"',
      }),
    ),
  },
  {
    id: 'bad-challenge',
    cause: 'bad-challenge',
    answer: everywhere(
      oci(401, 'UNAUTHORIZED', 'authentication required', { 'WWW-Authenticate': 'Bearer service=registry' }),
    ),
  },
  {
    id: 'token-refused',
    cause: 'unauthorized',
    answer: tokenFrom('token-refused', json(401, { details: 'incorrect username or password' })),
  },
  {
    id: 'token-forbidden',
    told: { regctl: 'unauthorized' },
    cause: 'forbidden',
    answer: tokenFrom('token-forbidden', HTML(403, '403 Forbidden')),
  },
  {
    id: 'token-error',
    told: { regctl: 'unauthorized' },
    cause: 'server-error',
    answer: tokenFrom('token-error', HTML(500, '500 Internal Server Error')),
  },
  { id: 'token-html', cause: 'html-instead-of-json', answer: tokenFrom('token-html', HTML(200, 'Sign in')) },
  {
    id: 'token-no-name',
    cause: 'dns',
    answer: withToken('https://auth.token-no-name.example/token', TOKEN),
    names: { 'auth.token-no-name.example': 'no such name' },
  },
  {
    id: 'token-not-enough',
    told: {
      regctl: 'bad-challenge',
      skopeo: 'forbidden',
      podman: 'forbidden',
      buildah: 'forbidden',
      docker: 'forbidden',
    },
    cause: 'unauthorized',
    answer: tokenFrom(
      'token-not-enough',
      TOKEN,
      oci(401, 'UNAUTHORIZED', 'authentication required', {
        'WWW-Authenticate':
          'Bearer realm="https://token-not-enough.example/token",service="registry",error="insufficient_scope"',
      }),
    ),
  },
  {
    id: 'token-denied',
    cause: 'forbidden',
    answer: tokenFrom(
      'token-denied',
      TOKEN,
      oci(
        403,
        'DENIED',
        'Permission "artifactregistry.repositories.downloadArtifacts" denied on resource (or it may not exist)',
      ),
    ),
  },
]

const BLOBS: readonly Fault[] = [
  {
    id: 'blob-unknown',
    cause: 'blob-unknown',
    answer: onBlob(oci(404, 'BLOB_UNKNOWN', 'blob unknown to registry')),
  },
  { id: 'blob-html-404', cause: 'blob-unknown', answer: onBlob(HTML(404, '404 Not Found')) },
  {
    id: 'config-unknown',
    cause: 'blob-unknown',
    answer: on('config', oci(404, 'BLOB_UNKNOWN', 'blob unknown to registry')),
  },
  { id: 'blob-500', cause: 'server-error', answer: onBlob(HTML(500, '500 Internal Server Error')) },
  {
    id: 'blob-limit',
    told: { regctl: '-', skopeo: 'timeout' },
    cause: 'rate-limited',
    answer: onBlob({ status: 429, headers: { 'Retry-After': '20' }, body: 'too many requests' }),
  },
  {
    id: 'blob-cut',
    told: { docker: 'range-ignored' },
    cause: 'truncated',
    answer: onBlob(({ image }) => ({ ...served(image), breaks: 'close' })),
  },
  {
    id: 'blob-reset',
    told: { docker: 'range-ignored' },
    cause: 'reset',
    answer: onBlob(({ image }) => ({ ...served(image), breaks: 'reset' })),
  },
  {
    id: 'blob-stalls',
    told: { containerd: 'cancelled' },
    cause: 'timeout',
    answer: onBlob(({ image }) => ({ ...served(image), breaks: 'stall' })),
    clients: ['containerd 1.6', 'containerd 2.2', 'skopeo', 'regctl', 'oras', 'crane'],
  },
  {
    id: 'blob-wrong',
    cause: 'wrong-digest',
    answer: onBlob(({ image }) => ({ status: 200, body: damaged(image), headers: BYTES })),
  },
  {
    id: 'blob-short',
    told: { containerd: 'truncated', ctr: 'truncated', regctl: '-' },
    cause: 'wrong-digest',
    answer: onBlob(({ image }) => ({
      status: 200,
      body: image.layer.bytes.subarray(0, 1000),
      headers: BYTES,
    })),
  },
  {
    id: 'blob-long',
    told: { regctl: '-' },
    cause: 'wrong-digest',
    answer: onBlob(({ image }) => ({
      ...served(image),
      body: Buffer.concat([image.layer.bytes, Buffer.from('more')]),
    })),
  },
  {
    id: 'blob-html-200',
    told: { containerd: 'truncated', ctr: 'truncated', regctl: '-' },
    cause: 'wrong-digest',
    answer: onBlob(HTML(200, 'Welcome to your new bucket')),
  },
  {
    id: 'blob-loop',
    cause: 'redirect-loop',
    answer: onBlob(({ path }) => ({ status: 307, headers: { Location: path } })),
  },
  {
    id: 'blob-private',
    cause: 'redirect-refused',
    answer: redirectBlobs('https://127.0.0.1'),
    clients: ['crane'],
  },
  {
    id: 'cdn-no-name',
    cause: 'dns',
    answer: redirectBlobs('https://cdn.cdn-no-name.example'),
    names: { 'cdn.cdn-no-name.example': 'no such name' },
  },
  {
    id: 'cdn-refused',
    cause: 'refused',
    answer: redirectBlobs('https://cdn.cdn-refused.example'),
    names: { 'cdn.cdn-refused.example': AT.nobody },
  },
  {
    id: 'cdn-dropped',
    cause: 'timeout',
    answer: redirectBlobs('https://cdn.cdn-dropped.example'),
    names: { 'cdn.cdn-dropped.example': AT.dropped },
  },
  {
    id: 'cdn-unknown-authority',
    cause: 'tls-unknown-authority',
    answer: redirectBlobs('https://unknown-authority.example'),
  },
  {
    id: 'cdn-denied',
    cause: 'forbidden',
    answer: atCdn('cdn.cdn-denied.example', XML(403, 'AccessDenied', 'Access Denied')),
  },
  {
    id: 'cdn-expired',
    told: {
      crane: 'signed-url-expired',
      cosign: 'signed-url-expired',
      regctl: 'signed-url-expired',
      docker: 'signed-url-expired',
    },
    cause: 'forbidden',
    answer: atCdn('cdn.cdn-expired.example', XML(403, 'AccessDenied', 'Request has expired')),
  },
  {
    id: 'cdn-clock',
    told: { crane: 'clock', cosign: 'clock', regctl: 'clock', docker: 'clock' },
    cause: 'forbidden',
    answer: atCdn(
      'cdn.cdn-clock.example',
      XML(
        403,
        'RequestTimeTooSkewed',
        'The difference between the request time and the current time is too large.',
      ),
    ),
  },
  {
    id: 'cdn-html-403',
    cause: 'forbidden',
    answer: atCdn('cdn.cdn-html-403.example', HTML(403, '403 Forbidden')),
  },
]

const UNPACK: readonly Fault[] = [
  { id: 'no-gzip', cause: 'unpack', image: { layerBytes: Buffer.alloc(5000, 'no gzip at all ') } },
  { id: 'no-tar', cause: 'unpack', image: { layerBytes: gzipSync(Buffer.alloc(5000, 'no tar at all ')) } },
  { id: 'other-diff-id', cause: 'wrong-digest', image: { diffId: `sha256:${'1'.repeat(64)}` } },
  {
    id: 'artifact',
    cause: 'media-type',
    image: {
      configType: 'application/vnd.cncf.helm.config.v1+json',
      layerType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
    },
  },
  {
    id: 'unknown-layer',
    cause: 'media-type',
    image: { layerType: 'application/vnd.example.layer.v1.tar+rar' },
  },
]

/** Those that keep what they pull where they are told, and have no daemon. */
const TOOLS = ['skopeo', 'podman', 'buildah', 'crane', 'oras', 'regctl', 'helm', 'cosign']

const DISKS: readonly Fault[] = [
  {
    id: 'disk-full',
    cause: 'disk-full',
    setting: 'small disk',
    image: { size: 12_000_000 },
    without: ['helm'],
  },
  {
    id: 'disk-read-only',
    cause: 'read-only',
    setting: 'read-only disk',
    clients: TOOLS,
    without: ['helm', 'podman', 'buildah'],
  },
]

export const FAULTS: readonly Fault[] = [
  ...NETWORK,
  ...TLS,
  ...PROXY,
  ...ANSWERS,
  ...AUTH,
  ...[...BLOBS, ...UNPACK].map((fault) => ({ ...fault, without: ['helm'] })),
  ...DISKS,
]
