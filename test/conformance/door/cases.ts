import fc from 'fast-check'

/** The rows of docs/request-handling.md: what is asked, and what the door must answer, whatever runtime it is on. */
export interface DoorCase {
  readonly title: string
  readonly method?: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly status: number
  /** Exact `Location`; a case without one must have none. */
  readonly location?: string
  /** OCI error code of the body. */
  readonly code?: string
  readonly alsoHeaders?: Readonly<Record<string, string>>
}

/** A digest by what the scripted store does when asked for it. */
export const DIGEST = {
  present: `sha256:${'a'.repeat(64)}`,
  absent: `sha256:${'b'.repeat(64)}`,
  forbidden: `sha256:${'c'.repeat(64)}`,
  broken: `sha256:${'d'.repeat(64)}`,
  silent: `sha256:${'e'.repeat(64)}`,
  present512: `sha512:${'a'.repeat(128)}`,
} as const

/** The repository of which the scripted upstreams list their tags. */
export const TAGGED = 'listed/pause'
export const TAGS = ['3.10', '3.8', '3.9', 'latest']

export const PARIS = '35.180.1.1'
export const IOWA = '34.1.1.1'

/** Stand-ins for origins that are known only once the servers run. */
export const ORIGIN = {
  iowa: 'http://iowa.test',
  belgium: 'http://belgium.test',
  store: 'http://store.test',
} as const

const iowa = (rest: string) => `${ORIGIN.iowa}/registry/v2/project/images/${rest}`
const belgium = (rest: string) => `${ORIGIN.belgium}/v2/${rest}`
const from = (address: string) => ({ 'X-Forwarded-For': address })

/** The store is in Paris. */
export function doorCases(): DoorCase[] {
  return [...pages, ...registryApi, ...manifests, ...blobs(), ...refused, ...forwarding()]
}

const pages: DoorCase[] = [
  { title: 'the info page', target: '/', status: 307, location: 'https://info.test/' },
  { title: 'the privacy page', target: '/privacy', status: 307, location: 'https://info.test/privacy' },
  {
    title: 'the privacy page as a folder',
    target: '/privacy/',
    status: 307,
    location: 'https://info.test/privacy',
  },
  { title: 'the info page with a query', target: '/?utm=1', status: 307, location: 'https://info.test/' },
]

const version = { 'docker-distribution-api-version': 'registry/2.0' }
const registryApi: DoorCase[] = [
  { title: 'the version check', target: '/v2/', status: 200, alsoHeaders: version },
  { title: 'the version check without a slash', target: '/v2', status: 200, alsoHeaders: version },
  { title: 'the version check by HEAD', method: 'HEAD', target: '/v2/', status: 200, alsoHeaders: version },
  { title: 'the catalog', target: '/v2/_catalog', status: 404, code: 'UNSUPPORTED' },
  ...['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => ({
    title: `${method}`,
    method,
    target: '/v2/pause/blobs/uploads/',
    status: 405,
    code: 'UNSUPPORTED',
    alsoHeaders: { allow: 'GET, HEAD' },
  })),
]

const HEX = 'f'.repeat(64)
const manifests: DoorCase[] = [
  {
    title: 'a manifest by tag goes to the nearest upstream',
    target: '/v2/pause/manifests/3.9',
    headers: from(PARIS),
    status: 307,
    location: belgium('pause/manifests/3.9'),
  },
  {
    title: 'a manifest by tag by HEAD',
    method: 'HEAD',
    target: '/v2/pause/manifests/3.9',
    headers: from(IOWA),
    status: 307,
    location: iowa('pause/manifests/3.9'),
  },
  {
    title: 'a manifest by tag from somewhere goes to the canonical upstream',
    target: '/v2/a/b/c/manifests/latest',
    status: 307,
    location: iowa('a/b/c/manifests/latest'),
  },
  {
    title: 'a manifest by tag keeps the query as it is',
    target: '/v2/pause/manifests/3.9?ns=registry.k8s.io&x=%2F%20',
    headers: from(PARIS),
    status: 307,
    location: belgium('pause/manifests/3.9?ns=registry.k8s.io&x=%2F%20'),
  },
  {
    title: 'a manifest by digest goes to the nearest upstream',
    target: `/v2/pause/manifests/${DIGEST.present}`,
    headers: from(PARIS),
    status: 307,
    location: belgium(`pause/manifests/${DIGEST.present}`),
  },
  {
    title: 'a list of tags that cannot be had goes to the upstream and keeps its paging',
    target: '/v2/pause/tags/list?n=10&last=3.8',
    headers: from(PARIS),
    status: 307,
    location: belgium('pause/tags/list?n=10&last=3.8'),
  },
  {
    title: 'a list of tags that can be had is given by the door, page by page',
    target: `/v2/${TAGGED}/tags/list?n=1&last=3.8`,
    headers: from(PARIS),
    status: 200,
    alsoHeaders: { link: `</v2/${TAGGED}/tags/list?n=1&last=3.9>; rel="next"` },
  },
  {
    title: 'a list of tags by HEAD',
    method: 'HEAD',
    target: `/v2/${TAGGED}/tags/list`,
    headers: from(IOWA),
    status: 200,
    alsoHeaders: { 'content-type': 'application/json' },
  },
  {
    title: 'referrers go to the canonical upstream and keep their filter',
    target: `/v2/pause/referrers/${DIGEST.present}?artifactType=application%2Fspdx%2Bjson`,
    headers: from(PARIS),
    status: 307,
    location: iowa(`pause/referrers/${DIGEST.present}?artifactType=application%2Fspdx%2Bjson`),
  },
  ...['', '.sig', '.att', '.sbom'].map((suffix) => ({
    title: `the tag sha256-…${suffix} goes to the canonical upstream`,
    target: `/v2/pause/manifests/sha256-${HEX}${suffix}`,
    headers: from(PARIS),
    status: 307,
    location: iowa(`pause/manifests/sha256-${HEX}${suffix}`),
  })),
]

const blobs = (): DoorCase[] => [
  {
    title: 'a blob that a near store holds goes there, without the query',
    target: `/v2/pause/blobs/${DIGEST.present}?ns=registry.k8s.io`,
    headers: from(PARIS),
    status: 307,
    location: `${ORIGIN.store}/blobs/${DIGEST.present}`,
  },
  {
    title: 'a blob by HEAD goes where GET goes',
    method: 'HEAD',
    target: `/v2/pause/blobs/${DIGEST.present}`,
    headers: from(PARIS),
    status: 307,
    location: `${ORIGIN.store}/blobs/${DIGEST.present}`,
  },
  {
    title: 'a sha512 blob is like any other',
    target: `/v2/pause/blobs/${DIGEST.present512}`,
    headers: from(PARIS),
    status: 307,
    location: `${ORIGIN.store}/blobs/${DIGEST.present512}`,
  },
  ...(['absent', 'forbidden', 'broken', 'silent'] as const).map((kind) => ({
    title: `a blob for which the store is ${kind} goes to an upstream, with the query`,
    target: `/v2/pause/blobs/${DIGEST[kind]}?ns=a`,
    headers: from(PARIS),
    status: 307,
    location: belgium(`pause/blobs/${DIGEST[kind]}?ns=a`),
  })),
  {
    title: 'a blob for a client whose rule prefers upstreams',
    target: `/v2/pause/blobs/${DIGEST.present}`,
    headers: from(IOWA),
    status: 307,
    location: iowa(`pause/blobs/${DIGEST.present}`),
  },
  {
    title: 'a blob with an algorithm that nobody here knows goes to an upstream',
    target: '/v2/pause/blobs/blake3:abcdef',
    headers: from(PARIS),
    status: 307,
    location: belgium('pause/blobs/blake3:abcdef'),
  },
]

const refused: DoorCase[] = [
  ...(
    [
      ['/v2foo', 404, 'UNSUPPORTED'],
      ['/v2//x', 404, 'UNSUPPORTED'],
      ['/v2/x', 404, 'UNSUPPORTED'],
      ['//v2/', 404, 'UNSUPPORTED'],
      ['/v1/', 404, 'UNSUPPORTED'],
      ['/favicon.ico', 404, 'UNSUPPORTED'],
      ['/v2/pause/blobs/uploads/', 404, 'UNSUPPORTED'],
      ['/v2/Pause/manifests/1', 400, 'NAME_INVALID'],
      ['/v2/-a/manifests/1', 400, 'NAME_INVALID'],
      ['/v2//manifests/1', 404, 'UNSUPPORTED'],
      [`/v2/${'a'.repeat(256)}/manifests/1`, 400, 'NAME_INVALID'],
      ['/v2/a%2fb/manifests/1', 400, 'NAME_INVALID'],
      ['/v2/a%2eb/manifests/1', 400, 'NAME_INVALID'],
      ['/v2/a/manifests/1%3fx', 404, 'MANIFEST_UNKNOWN'],
      ['/v2/a/manifests/.x', 404, 'MANIFEST_UNKNOWN'],
      ['/v2/a/manifests/sha256:1', 400, 'DIGEST_INVALID'],
      ['/v2/a/blobs/latest', 400, 'DIGEST_INVALID'],
      [`/v2/a/blobs/sha256:${'A'.repeat(64)}`, 400, 'DIGEST_INVALID'],
      [`/v2/a/blobs/${DIGEST.present}%3F1:x`, 400, 'DIGEST_INVALID'],
    ] as const
  ).map(([target, status, code]) => ({ title: `${target.slice(0, 60)}`, target, status, code })),
]

const forwarding = (): DoorCase[] => {
  const blob = `/v2/pause/blobs/${DIGEST.present}`
  const toStore = { target: blob, status: 307, location: `${ORIGIN.store}/blobs/${DIGEST.present}` }
  const toCanonical = { target: blob, status: 307, location: iowa(`pause/blobs/${DIGEST.present}`) }
  return [
    { title: 'a client behind two trusted proxies', headers: from(`${PARIS}, 127.0.0.2`), ...toStore },
    { title: 'a client that forges a hop to its left', headers: from(`${IOWA}, ${PARIS}`), ...toStore },
    { title: 'a client as IPv4-mapped IPv6', headers: from(`::ffff:${PARIS}`), ...toStore },
    ...[
      '',
      ',',
      'unknown',
      '35.180.1.1.',
      '35.180.1.1, x',
      '035.180.1.1',
      '::',
      `${'1,'.repeat(3000)}`,
      '$%7Bjndi:ldap://x}',
      '"',
    ].map((value) => ({
      title: `a forwarding header that says ${JSON.stringify(value.slice(0, 30))}`,
      headers: from(value),
      ...toCanonical,
    })),
  ]
}

/**
 * Of {@link TRICKS}, those of which a URL has lost what they are, with the target as which they are then read: a door
 * that is given URLs and not the wire, as in a worker, can only answer them as if they had been written plainly.
 */
export const REPAIRED_BY_URLS: readonly { target: string; readAs: string; because: string }[] = [
  ...(
    [
      ['/v2/a/../b/manifests/y', '/v2/b/manifests/y'],
      ['/v2/a/./b/manifests/y', '/v2/a/b/manifests/y'],
      ['/x/../v2/a/manifests/b', '/v2/a/manifests/b'],
      ['/v2/a/manifests/../manifests/y', '/v2/a/manifests/y'],
      ['/.well-known/../v2/a/manifests/y', '/v2/a/manifests/y'],
      ['/privacy/..', '/'],
      ['/./privacy', '/privacy'],
      ['/v2/.', '/v2/'],
      ['/v2/./', '/v2/'],
      ['/v2/x/..', '/v2/'],
      ['/v2/x/../', '/v2/'],
    ] as const
  ).map(([target, readAs]) => ({ target, readAs, because: 'a URL has no segments of dots' })),
  ...(
    [
      ['/v2/a/%2e%2e/b/manifests/y', '/v2/b/manifests/y'],
      ['/v2/a/%2E%2E/%2e/b/manifests/y', '/v2/b/manifests/y'],
      ['/%2e/privacy', '/privacy'],
    ] as const
  ).map(([target, readAs]) => ({ target, readAs, because: 'an encoded dot is a dot to a URL' })),
  ...(
    [
      ['/v2/a\\b/manifests/y', '/v2/a/b/manifests/y'],
      ['/v2/a\\b/./manifests/y', '/v2/a/b/manifests/y'],
    ] as const
  ).map(([target, readAs]) => ({ target, readAs, because: 'a backslash is a slash to a URL over HTTP' })),
  ...(
    [
      ['/v2/a/manifests/y#fragment', '/v2/a/manifests/y'],
      ['/v2/a/manifests/y?x=#fragment', '/v2/a/manifests/y?x='],
    ] as const
  ).map(([target, readAs]) => ({ target, readAs, because: 'a fragment is not part of what is asked for' })),
]

/** Targets that must never lead to a `Location`, though a URL library would gladly repair them. */
export const TRICKS = [
  '/v2/../../other-project/x/manifests/y',
  '/v2/a/../b/manifests/y',
  '/v2/a/./b/manifests/y',
  '/v2/a/%2e%2e/b/manifests/y',
  '/v2/a/%2E%2E/%2e/b/manifests/y',
  '/x/../v2/a/manifests/b',
  '/x/..%2fv2/a/manifests/b',
  '/v2/a\\b/manifests/y',
  '/v2/a\\b/./manifests/y',
  '\\v2\\a\\manifests\\y',
  '/v2/a/manifests/../manifests/y',
  '/v2/a/manifests/y/.',
  '/v2/a/manifests/y/..',
  '/v2/a/manifests/y#fragment',
  '/v2/a/manifests/y?x=#fragment',
  '/v2/a/manifests/y%00',
  '/v2/a/manifests/y%0d%0aLocation:%20http://evil.test/',
  '/v2/a;x=1/manifests/y',
  '/v2/@evil.test/manifests/y',
  '//evil.test/v2/a/manifests/y',
  '/v2/a/manifests/\u00e9',
  '/.well-known/../v2/a/manifests/y',
  '/privacy/..',
  '/./privacy',
  '/%2e/privacy',
  '/v2/.',
  '/v2/./',
  '/v2/x/..',
  '/v2/x/../',
] as const

/** Targets made of what targets are made of, in any order. */
export function anyTarget(): fc.Arbitrary<string> {
  const piece = fc.constantFrom(
    ...['v2', 'a', '..', '.', '%2e', '%2f', '%3f', '', 'manifests', 'blobs', 'tags', 'list', '@evil.test'],
    ...['\\', ';', 'latest', 'referrers', '_catalog', ':', '#', '%', '\u00e9', DIGEST.present],
    `${DIGEST.present}?x=//evil.test`,
  )
  return fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('/')}`)
}
