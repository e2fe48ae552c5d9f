import type { Shape } from '../shape.ts'

const CONTAINERD = 'containerd core/remotes/docker (resolver.go, fetcher.go) and remotes/errors'
const IMAGE_LIBRARY =
  'containers/image docker/docker_client.go and docker_image_src.go (Podman, skopeo, Buildah, CRI-O)'
const GGCR = 'go-containerregistry pkg/v1/remote/transport/error.go (crane, cosign, ko)'
const ORAS = 'oras-go registry/remote/errcode (oras, Helm)'
const REGCLIENT = 'regclient internal/reghttp and scheme/reg (regctl, regsync)'
const OCI = 'OCI distribution spec 1.1, "Error Codes"'

/** How each client prints a status, with its words, such as `403 Forbidden`. */
function status(code: number, words: string): [string, ...string[]] {
  return [
    `unexpected status code ${code} ${words}`,
    `unexpected status: ${code} ${words}`,
    `unexpected status from HEAD request to {url}: ${code} ${words}`,
    `unexpected status from GET request to {url}: ${code} ${words}`,
    `unexpected status code {url}: ${code} ${words}`,
    `unexpected status code {url} ${code} ${words}`,
    `failed with status code [manifests {word}]: ${code} ${words}`,
    `invalid status code from registry ${code} (${words})`,
    `fetch failed after status: ${code} ${words}`,
    `received unexpected HTTP status: ${code} ${words}`,
    `response status code ${code}`,
    `StatusCode: ${code}, `,
    `parsing HTTP ${code} response body`,
    `parsing HTTP ${code} response body: invalid character '<' looking for beginning of value`,
  ]
}

/** What registries say that is not about what is there, and what others say in their place. */
export const ANSWER_SHAPES: readonly Shape[] = [
  {
    says: [
      "invalid character '<' looking for beginning of value",
      'unsupported media type: "text/html"',
      'unknown mime type: text/html',
      'unexpected media type text/html for {digest}: not found',
    ],
    causes: ['html-instead-of-json'],
    note: 'A page of HTML came where JSON was expected.',
    source: `Go encoding/json; ${GGCR}; ${REGCLIENT}; containerd core/images`,
  },
  {
    says: [
      'unable to decode token response',
      'failed to decode response: invalid character',
      'failed to request auth token (get): invalid character',
    ],
    causes: ['html-instead-of-json'],
    note: 'The token service answered with something that is no token.',
    source: `containerd core/remotes/docker/auth; ${ORAS}; ${REGCLIENT}`,
  },
  {
    says: status(403, 'Forbidden'),
    causes: ['forbidden', 'unauthorized'],
    source: `${CONTAINERD}; ${IMAGE_LIBRARY}; ${GGCR}; ${ORAS}`,
  },
  {
    says: [
      'unexpected status code 403 Forbidden: <html',
      'unexpected status code 403 Forbidden: <!',
      "error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: \"<html",
      "error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: \"<!",
      'request failed: unauthorized [http 403]: <html',
      'StatusCode: 403, <',
    ],
    causes: ['forbidden', 'html-instead-of-json'],
    note: 'A page came with the refusal: it is from a firewall, provider or proxy, and no login helps.',
    source: `${GGCR}; ${REGCLIENT}; docker distribution client/errors.go`,
  },
  {
    says: ['request failed: unauthorized [http 403]'],
    causes: ['forbidden', 'unauthorized'],
    source: REGCLIENT,
  },
  {
    says: [
      'DENIED: {words}',
      'denied: requested access to the resource is denied',
      'Error response from daemon: denied',
      'returned error: denied',
      'denied: Permission ',
      '"code":"DENIED"',
      'reading manifest {word} in {image}: denied',
      'response status code 403: denied',
    ],
    causes: ['forbidden', 'unauthorized'],
    note: 'The registry itself says so (DENIED): the name is wrong, or this login may not read it.',
    source: OCI,
  },
  {
    says: [
      '<Code>AccessDenied</Code>',
      'unexpected status code 403 Forbidden: <?xml',
      'request failed: unauthorized [http 403]: <?xml',
      "error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: \"<?xml",
    ],
    causes: ['forbidden', 'blob-unknown'],
    note: 'This is from a bucket: its content is not public, or not there and may not be listed.',
    source: 'Amazon S3, "Error responses"',
  },
  {
    says: [
      'request failed: unauthorized [http 403]: <?xml {words}<Code>AccessDenied</Code><Message>Request has expired',
      '<Code>AccessDenied</Code><Message>Request has expired',
      '<Code>ExpiredToken</Code>',
    ],
    causes: ['signed-url-expired', 'clock'],
    source: 'Amazon S3, "Error responses"',
  },
  {
    says: [
      'request failed: unauthorized [http 403]: <?xml {words}<Code>RequestTimeTooSkewed</Code>',
      '<Code>RequestTimeTooSkewed</Code>',
    ],
    causes: ['clock'],
    note: 'The bucket compared the time of the request with its own.',
    source: 'Amazon S3, "Error responses"',
  },
  {
    says: [
      'UNAUTHORIZED: {words}',
      'unauthorized: authentication required',
      '"code":"UNAUTHORIZED"',
      'reading manifest {word} in {image}: unauthorized',
      'no basic auth credentials',
      'Error response from daemon: unauthorized',
      'returned error: unauthorized',
      'basic credential not found',
      'no credentials available: unauthorized',
      'invalid username/password: unauthorized',
      'unable to retrieve auth token: ',
      'unauthorized: incorrect username or password',
      'pull access denied, repository does not exist or may require authorization',
      'pull access denied for {image}, repository does not exist or may require',
      'empty challenge header',
      'failed to get manifest {image}: unauthorized',
      'request failed: unauthorized [http 401]',
      ...status(401, 'Unauthorized'),
    ],
    causes: ['unauthorized', 'repository-unknown'],
    source: `${OCI}; ${CONTAINERD}; ${IMAGE_LIBRARY}; ${ORAS}; ${REGCLIENT}; docker distribution/errors.go`,
  },
  {
    says: ['server message: insufficient_scope: authorization failed', 'insufficient_scope'],
    causes: ['unauthorized', 'repository-unknown'],
    note: 'There is a token, and it is not good for this image.',
    source: 'RFC 6750, 3.1; containerd core/remotes/docker/auth',
  },
  {
    says: [
      'failed to fetch anonymous token: unexpected status from GET request to {url}: 403 Forbidden',
      'failed to fetch anonymous token: unexpected status: 403 Forbidden',
      'Requesting bearer token: invalid status code from registry 403 (Forbidden)',
    ],
    causes: ['forbidden', 'unauthorized'],
    note: 'It is the token service that refuses, before the registry is asked.',
    source: `${CONTAINERD}; ${IMAGE_LIBRARY}`,
  },
  {
    says: [
      'missing realm in bearer auth challenge',
      'no realm specified for token auth challenge',
      'malformed www-authenticate, missing realm',
      'invalid challenge header',
      'unsupported protocol scheme ""',
    ],
    causes: ['bad-challenge'],
    source: `RFC 6750, 3; ${CONTAINERD}; ${IMAGE_LIBRARY}; ${GGCR}; ${REGCLIENT}`,
  },
  {
    says: [
      'toomanyrequests: {words}',
      'TOOMANYREQUESTS: {words}',
      '"code":"TOOMANYREQUESTS"',
      'request failed: rate limit exceeded [http 429]',
      'too many requests to registry',
      'You have reached your pull rate limit',
      'You have reached your unauthenticated pull rate limit',
      ...status(429, 'Too Many Requests'),
    ],
    causes: ['rate-limited'],
    source: `${OCI}; ${CONTAINERD}; ${IMAGE_LIBRARY}; Docker Hub, "Usage and limits"`,
  },
  {
    says: ['[http 451]', ...status(451, 'Unavailable For Legal Reasons')],
    causes: ['blocked-by-law'],
    source: 'RFC 7725',
  },
  {
    says: [
      ...status(500, 'Internal Server Error'),
      ...status(502, 'Bad Gateway'),
      ...status(503, 'Service Unavailable'),
      ...status(504, 'Gateway Timeout'),
      'unexpected http status code: {words} [http 500]',
      'unexpected http status code: {words} [http 502]',
      'unexpected http status code: {words} [http 503]',
      'unexpected http status code: {words} [http 504]',
    ],
    causes: ['server-error'],
    source: `RFC 9110, 15.6; ${CONTAINERD}; ${IMAGE_LIBRARY}; ${GGCR}; ${ORAS}; ${REGCLIENT}`,
  },
  {
    says: ['UNKNOWN: unknown error', 'unknown: unknown error'],
    causes: ['server-error'],
    source: 'distribution registry/api/errcode',
  },
  {
    says: [
      'unexpected status from HEAD request to http://{word} 400 Bad Request',
      'response status code 400: Bad Request',
      'failed with status code [manifests {word}]: 400 Bad Request',
    ],
    causes: ['https-required', 'name-invalid'],
    note: 'A bad request is most often plain HTTP that is spoken to a port of TLS.',
    source: `${CONTAINERD}; ${ORAS}`,
    vague: true,
  },
  {
    says: ['stopped after 10 redirects'],
    causes: ['redirect-loop'],
    source: 'Go net/http, client.go',
  },
  {
    says: [
      'SSRF protection: redirect from "{host}" to private/link-local host "{word}" denied',
      'SSRF protection: redirect from {words} denied',
    ],
    causes: ['redirect-refused'],
    source: 'go-containerregistry pkg/v1/remote/transport',
  },
]
