import validRange from 'semver/ranges/valid.js'
import { z } from 'zod'
import { providers } from '../clouds/providers.ts'
import { PortolanError } from '../errors.ts'
import { parsePrefix } from '../net/prefix.ts'
import { isVerifiable, parseDigest } from '../oci/digest.ts'
import { parseName } from '../oci/name.ts'
import { isBlobTemplate } from './blob-template.ts'
import { formatDuration, parseDuration } from './duration.ts'
import { parseListenAddress, readHostName } from './listen-address.ts'
import { readPattern } from './pattern.ts'
import { readBackendPlace, readPlaceName } from './place-name.ts'
import { readPublicKey } from './public-key.ts'
import { isRefusal, type Refusal, refused } from './refusal.ts'
import { suggestion } from './suggestion.ts'
import { readBackendUrl, readPageUrl } from './web-url.ts'

export const DEFAULT_LISTEN = '0.0.0.0:8080'
export const DEFAULT_ADMIN = '127.0.0.1:9090'
/** How a store says that it need not prove whose it is; no id of a backend. */
export const NO_PROOF = 'off'

const SECOND = 1000
const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 24 * HOUR

const ID = /^[a-z0-9][a-z0-9-]{0,62}$/
/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/
const REGION = /^[a-z0-9-]{1,63}$/
/** Amazon S3 user guide, "General purpose bucket naming rules". */
const S3_BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
/** Cloud Storage, "Bucket names": only those with dots may be longer than 63. */
const GCS_BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/
/** Azure Storage, "Resource naming restrictions"; `$root` and `$web` have a meaning of their own there. */
const AZURE_ACCOUNT = /^[a-z0-9]{3,24}$/
const AZURE_CONTAINER = /^(?=.{3,63}$)(?:[a-z0-9]+(?:-[a-z0-9]+)*|\$root|\$web)$/
const KEY_PREFIX = /^[A-Za-z0-9._~!$&'()*+,;=:@-]+$/
const PLATFORM = /^[a-z0-9]+(?:\/[a-z0-9_.-]+){1,2}$/
const RANGE_MAX = 256
const HOSTS_MAX = 64
const KEY_PREFIX_MAX = 256
const providerIds = providers.map(({ id }) => id)
const LISTENERS = ['plain', 'node-http'] as const
const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
const LOG_ADDRESSES = ['off', 'masked', 'full'] as const
const LISTINGS = ['catalog', 'childRepositories'] as const

/** A string that stands for a `T`; `expected` follows "must be". */
function text<T extends string | number | object>(
  expected: string,
  read: (text: string) => T | Refusal | undefined,
) {
  const message = `must be ${expected}`
  return z
    .string({ error: ({ input }) => (input === undefined ? `is required, and ${message}` : message) })
    .transform((value, { issues }): T => {
      const result = read(value)
      if (result !== undefined && !isRefusal(result)) return result
      issues.push({ code: 'custom', input: value, message: result?.refused ?? message })
      return z.NEVER
    })
}

function textThat(expected: string, holds: (text: string) => boolean) {
  return text(expected, (value) => (holds(value) ? value : undefined))
}

function duration(least: number, most: number) {
  return text(durationBetween(least, most), (value) => readDuration(value, least, most))
}

function durationBetween(least: number, most: number): string {
  return `a duration from ${formatDuration(least)} to ${formatDuration(most)}, such as 300ms, 5s, 10m, 12h or 7d`
}

function readDuration(value: string, least: number, most: number): number | undefined {
  const milliseconds = parseDuration(value)
  return milliseconds !== undefined && milliseconds >= least && milliseconds <= most
    ? milliseconds
    : undefined
}

function flag() {
  return z.preprocess(readFlag, z.boolean())
}

/** A truth value, also from the text that a variable of the environment gives; anything else as it is. */
export function readFlag(value: unknown): unknown {
  return value === 'true' ? true : value === 'false' ? false : value
}

function wholeNumber(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`
  return z.preprocess(
    (value) => (typeof value === 'string' && /^[0-9]{1,15}$/.test(value) ? Number(value) : value),
    z.int({ error }).min(least, { error }).max(most, { error }),
  )
}

function share() {
  const error = 'must be a number from 0 to 1'
  return z.preprocess(
    (value) => (typeof value === 'string' && /^[0-9]+(?:\.[0-9]+)?$/.test(value) ? Number(value) : value),
    z.number({ error }).min(0, { error }).max(1, { error }),
  )
}

/** Nothing on Earth is farther away than half its circumference. */
const FARTHEST_KM = 20_038

function kilometres() {
  return text(`a distance from 1km to ${FARTHEST_KM}km, such as 3000km`, (value) => {
    const match = /^([1-9][0-9]{0,4})km$/.exec(value)
    return match !== null && Number(match[1]) <= FARTHEST_KM ? Number(match[1]) : undefined
  })
}

function isVerifiableDigest(value: string): boolean {
  const digest = parseDigest(value)
  return digest !== undefined && isVerifiable(digest)
}

function isManifestCanary(value: string): boolean {
  const at = value.indexOf('@')
  return at > 0 && parseName(value.slice(0, at)) !== undefined && isVerifiableDigest(value.slice(at + 1))
}

function readPrefix(value: string): string | Refusal {
  try {
    parsePrefix(value)
    return value
  } catch (error) {
    if (error instanceof PortolanError) return refused(error.message.replace(`${JSON.stringify(value)} `, ''))
    throw error
  }
}

function oneOrMore(expected: string) {
  const error = `must be ${expected}, or a list of them`
  return z
    .union([z.string(), z.array(z.string()).min(1, { error })], { error })
    .transform((value) => (typeof value === 'string' ? [value] : value))
}

function isKeyPrefix(value: string): boolean {
  if (value === '') return true
  return (
    value.length <= KEY_PREFIX_MAX &&
    value.split('/').every((part) => KEY_PREFIX.test(part) && part !== '.' && part !== '..')
  )
}

const listenAddress = 'HOST:PORT, such as 0.0.0.0:8080, :8080 or [::]:8080, with a port from 0 to 65535'
const id = () =>
  textThat(
    'a name of a-z, 0-9 and "-" (at most 63, no "-" at the start) other than "upstreams", "stores" and "off"',
    (value) => ID.test(value) && !['upstreams', 'stores', NO_PROOF].includes(value),
  )
const backendUrl = () => text('an http or https URL', readBackendUrl)
const pageUrl = () => text('an http or https URL', readPageUrl)
const listSource = () =>
  text('off, or an http or https URL', (value) => (value === 'off' ? value : readPageUrl(value)))
const backendPlace = () =>
  text('CLOUD/REGION, such as aws/eu-west-3, or anycast', readBackendPlace).describe(
    'Where it is: CLOUD/REGION, or anycast when it is everywhere. Regions of the public clouds are checked.',
  )
const prefix = (expected: string) => text(expected, readPrefix)

const patterns = () => z.array(text('a pattern', readPattern)).prefault([])
const folder = () => textThat('the path of a folder', (value) => value !== '')
const file = () => textThat('the path of a file', (value) => value !== '')

const oneOrMoreFiles = () =>
  z
    .union([file(), z.array(file()).min(1, { error: 'must name at least one file' })], {
      error: 'must be the path of a file, or a list of them',
    })
    .transform((value) => (typeof value === 'string' ? [value] : value))

const upstream = z.strictObject({
  id: id().describe('Its name in rules, logs and metrics; unique among upstreams and stores.'),
  url: backendUrl()
    .optional()
    .describe('Where it is served: origin and optional path. Either this or layout.'),
  layout: folder()
    .optional()
    .describe(
      'Folder of an OCI image layout that the door serves itself; relative to the folder of this file.',
    ),
  prefix: textThat(
    'a repository prefix: lower-case letters and digits, joined by ".", "_", "__", "-" and "/", no "/" at the ends',
    (value) => value === '' || parseName(value) !== undefined,
  )
    .prefault('')
    .describe('Repository prefix at the upstream, put before the name that a client asks for.'),
  at: backendPlace(),
  canonical: flag()
    .optional()
    .describe(
      'The one that holds everything, signatures too, and is the last resort. A sole upstream is canonical.',
    ),
  complete: flag()
    .prefault(true)
    .describe(
      'Whether it has all that the canonical one has; if not, it is asked before a client is sent there.',
    ),
  signatures: flag()
    .prefault(true)
    .describe(
      'Whether it has signatures, attestations and other referrers, too. With false, they and what they name come from others: it is asked for whatever a digest names.',
    ),
  canary: textThat('NAME@DIGEST, such as pause@sha256:…', isManifestCanary)
    .optional()
    .describe('A manifest that it must have, NAME@DIGEST, by which its health is tried.'),
  tokenServices: z
    .array(text('a host name, such as login.example.net', readHostName))
    .max(HOSTS_MAX)
    .optional()
    .describe('Hosts in other domains that may get the login to the registry, to give tokens for it.'),
})

const keyPrefix = () =>
  textThat(
    `a prefix of keys: at most ${KEY_PREFIX_MAX} characters that need no encoding in a URL, no "." and "..", no "/" at the ends`,
    isKeyPrefix,
  )
    .prefault('')
    .describe('What the keys of all objects begin with; a slash follows it.')

/** One of these; which one is there says how it is spoken to. */
const fill = z.strictObject({
  s3: z
    .strictObject({
      bucket: textThat('the name of an S3 bucket: 3 to 63 of a-z, 0-9, "." and "-"', (value) =>
        S3_BUCKET.test(value),
      ).describe('The bucket.'),
      region: textThat('a region, such as eu-west-3, or auto', (value) => REGION.test(value))
        .optional()
        .describe('Its region. Without it, what the environment says (AWS_REGION).'),
      endpoint: backendUrl()
        .optional()
        .describe('Where another service than Amazon speaks S3; the bucket follows in the path.'),
      prefix: keyPrefix(),
    })
    .optional()
    .describe('A bucket of Amazon S3, or of what speaks the same.'),
  azureBlob: z
    .strictObject({
      account: textThat('the name of a storage account: 3 to 24 of a-z and 0-9', (value) =>
        AZURE_ACCOUNT.test(value),
      )
        .optional()
        .describe('The storage account. Either this or endpoint.'),
      endpoint: backendUrl().optional().describe('Where the account is served, if elsewhere than usual.'),
      container: textThat('the name of a container: 3 to 63 of a-z, 0-9 and single "-" between', (value) =>
        AZURE_CONTAINER.test(value),
      ).describe('The container.'),
      prefix: keyPrefix(),
    })
    .optional()
    .describe('A container of Azure Blob Storage.'),
  gcs: z
    .strictObject({
      bucket: textThat('the name of a bucket: 3 to 222 of a-z, 0-9, ".", "_" and "-"', (value) =>
        GCS_BUCKET.test(value),
      ).describe('The bucket.'),
      endpoint: backendUrl().optional().describe('Where it is served, if elsewhere than usual.'),
      prefix: keyPrefix(),
    })
    .optional()
    .describe('A bucket of Google Cloud Storage.'),
  folder: folder().optional().describe('A folder; relative to the folder of this file.'),
})

const store = z.strictObject({
  id: id().describe('Its name in rules, logs and metrics; unique among upstreams and stores.'),
  url: backendUrl().describe('Where it is served, without credentials: clients fetch from it.'),
  blobs: textThat(
    'a path with {digest}, or with both {algorithm} and {encoded}, without "..", "?" and "#" and without "/" at the ends',
    isBlobTemplate,
  )
    .prefault('containers/images/{digest}')
    .describe('Path of a blob below the URL, with {digest}, or {algorithm} and {encoded}.'),
  manifests: textThat(
    'a path with {digest}, or with both {algorithm} and {encoded}, without "..", "?" and "#" and without "/" at the ends',
    isBlobTemplate,
  )
    .optional()
    .describe(
      'Path of a manifest by digest below the URL, in the same form. Without it, the store keeps none.',
    ),
  canary: textThat('a sha256 or sha512 digest', isVerifiableDigest)
    .optional()
    .describe('Digest of a small blob that it must have, by which its health is tried.'),
  at: backendPlace(),
  inventory: flag()
    .prefault(false)
    .describe('Whether the door goes by the inventory that "portolan sync" leaves in it.'),
  proof: z
    .string()
    .optional()
    .describe(
      'The store whose proof of ownership it serves, or off. With ownership, its own id unless this says otherwise.',
    ),
  fill: fill.optional().describe('How "portolan sync" writes to it: exactly one kind, without credentials.'),
})

const rule = z.strictObject({
  when: z
    .strictObject({
      cloud: oneOrMore('the name of a cloud').optional().describe('Clouds that the client may be in.'),
      region: oneOrMore('the name of a region')
        .optional()
        .describe('Regions that the client may be in, without the cloud.'),
      country: oneOrMore('an ISO 3166-1 country code of two capital letters')
        .optional()
        .describe('Countries that the client may be in.'),
    })
    .prefault({})
    .describe('Conditions, all of which must hold; none at all always holds.'),
  prefer: z
    .array(z.string(), { error: 'must be a list of selectors' })
    .min(1, { error: 'must name at least one selector' })
    .describe(
      'Selectors, the best first: upstreams, stores, upstreams@CLOUD, stores@CLOUD, or the id of a backend.',
    ),
  within: kilometres()
    .optional()
    .describe(
      'How far a backend may be from the client to count as near. Without it, groups reach as far as the canonical upstream, and at least 1000km.',
    ),
})

const spill = z.strictObject({
  maxShare: share().describe(
    'Of the requests that belong to a backend which is down, the share that may move to other backends, per minute.',
  ),
  over: z
    .enum(['canonical', 'refuse'])
    .prefault('canonical')
    .describe('What happens to the rest: the canonical upstream answers, or 429 with Retry-After.'),
})

const ownership = z.strictObject({
  publicKey: text('an Ed25519 public key', readPublicKey).describe(
    "The operator's Ed25519 public key: PEM, or the base64 in it.",
  ),
  maxAge: duration(HOUR, 365 * DAY)
    .prefault('30d')
    .describe('How old a proof may be.'),
})

const sync = z.strictObject({
  from: z
    .string()
    .optional()
    .describe(
      'Id of the upstream that is copied from, a remote one; the canonical one unless this says otherwise.',
    ),
  repositories: z
    .strictObject({
      list: z
        .union(
          [z.enum(LISTINGS), z.array(z.string()).min(1, { error: 'must name at least one repository' })],
          { error: `must be ${LISTINGS.join(', ')}, or a list of names such as kube-proxy or team/tool` },
        )
        .superRefine((list, { addIssue }) => {
          if (typeof list === 'string') return
          for (const [index, name] of list.entries()) {
            if (parseName(name) !== undefined) continue
            const message = 'must be the name of a repository, such as kube-proxy or team/tool'
            addIssue({ code: 'custom', input: name, path: [index], message })
          }
        })
        .prefault('catalog')
        .describe(
          'How they are found: catalog, childRepositories (Artifact Registry), or a list of their names.',
        ),
      include: patterns().describe('Patterns of names, of which one must match; none takes all.'),
      exclude: patterns().describe('Patterns of names that are left out.'),
    })
    .prefault({})
    .describe('Which repositories are copied.'),
  tags: z
    .strictObject({
      include: patterns().describe('Patterns of tags, of which one must match; none takes all.'),
      exclude: patterns().describe('Patterns of tags that are left out.'),
      semver: textThat('a range of versions, such as ">=1.28 <2"', (value) => {
        return value.trim() !== '' && value.length <= RANGE_MAX && validRange(value) !== null
      })
        .optional()
        .describe('A range of versions. Tags that are no versions are left out then.'),
      latest: wholeNumber(1, 100_000)
        .optional()
        .describe('Only so many of each repository, the highest versions first.'),
    })
    .prefault({})
    .describe('Which tags of them are copied.'),
  platforms: z
    .array(
      textThat('OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/amd64 or linux/arm/v7', (value) =>
        PLATFORM.test(value),
      ),
    )
    .prefault([])
    .describe('Of images for several platforms, which are copied; none takes all.'),
  referrers: flag().prefault(true).describe('Whether signatures and other referrers come along.'),
  journal: folder()
    .prefault('portolan-sync')
    .describe('Folder for what must survive the end of the process; relative to the folder of this file.'),
  concurrency: wholeNumber(1, 64).prefault(4).describe('How many blobs are copied at once.'),
  requestsPerSecond: wholeNumber(1, 10_000)
    .prefault(100)
    .describe('The most requests to one host in a second.'),
  signingKey: file()
    .optional()
    .describe(
      "The operator's Ed25519 private key in PEM, with which stores are marked; relative to the folder of this file.",
    ),
})

const placeOverride = z.strictObject({
  prefix: prefix('an address prefix, such as 192.0.2.0/24 or 2001:db8::/32').describe(
    'Addresses of clients.',
  ),
  at: text('CLOUD/REGION, such as my-cloud/berlin', readPlaceName).describe('Where they are: CLOUD/REGION.'),
})

/** What a config may hold, before the checks that need more than one key; its input side is the file. */
export const configSchema = z.strictObject({
  version: z
    .preprocess((value) => (value === '1' ? 1 : value), z.literal(1))
    .describe('Version of this format.'),
  listen: text(listenAddress, parseListenAddress)
    .prefault(DEFAULT_LISTEN)
    .describe('Where the door listens: HOST:PORT, or :PORT for every interface. Port 0 takes a free one.'),
  admin: text(`off, or ${listenAddress}`, (value) => (value === 'off' ? 'off' : parseListenAddress(value)))
    .prefault(DEFAULT_ADMIN)
    .describe('Where the admin service listens, or off. Never public: it says what the door knows.'),
  adminHosts: z
    .array(text('a host name, such as door.example.com', readHostName))
    .max(HOSTS_MAX)
    .prefault([])
    .describe(
      'Names under which the admin service may be asked, beside addresses and names nobody can register.',
    ),
  listener: z
    .enum(LISTENERS)
    .prefault('plain')
    .describe('Who reads requests: plain reads the common ones itself, node-http leaves all to node:http.'),
  debug: flag().prefault(false).describe('Whether replies say why (Portolan-Reason).'),
  log: z
    .strictObject({
      access: flag().prefault(true).describe('One JSON line a request.'),
      level: z.enum(LOG_LEVELS).prefault('info').describe('The least serious lines that are written.'),
      addresses: z
        .enum(LOG_ADDRESSES)
        .prefault('masked')
        .describe(
          "What a request's line says of the client's address: off, masked to its /24 or /48, or full.",
        ),
    })
    .prefault({})
    .describe('Logs, JSON lines on standard output.'),
  pages: z
    .strictObject({
      info: pageUrl().optional().describe('Where / redirects to.'),
      privacy: pageUrl().optional().describe('Where /privacy redirects to.'),
    })
    .prefault({})
    .describe('Pages for people.'),
  upstreams: z
    .array(upstream)
    .min(1, { error: 'must name at least one upstream' })
    .describe('Trusted registries: tags, manifests, referrers, and every blob.'),
  stores: z.array(store).prefault([]).describe('Untrusted places that hold bytes by digest.'),
  routing: z
    .array(rule)
    .prefault([])
    .describe('Rules, of which the first that matches counts. Without any: same cloud first, then nearest.'),
  spill: spill.optional().describe('How much may move when a backend is down; without it, all of it.'),
  clients: z
    .strictObject({
      trustedProxies: z
        .array(prefix('an address or an address prefix, such as 127.0.0.1 or 10.0.0.0/8'))
        .prefault([])
        .describe('Proxies in front of the door whose forwarding header is believed.'),
      header: text('the name of a header', (value) => (TOKEN.test(value) ? value.toLowerCase() : undefined))
        .prefault('x-forwarded-for')
        .describe('The forwarding header.'),
    })
    .prefault({})
    .describe('How the address of a client is found.'),
  clouds: z
    .strictObject({
      places: z
        .array(placeOverride)
        .prefault([])
        .describe(
          'Where addresses are that no published list knows, or knows wrongly; the longest prefix wins.',
        ),
      snapshot: file()
        .optional()
        .describe(
          'The range snapshot that "portolan ranges update" makes; relative to the folder of this file.',
        ),
      refresh: text(`off, or ${durationBetween(MINUTE, 30 * DAY)}`, (value) =>
        value === 'off' ? value : readDuration(value, MINUTE, 30 * DAY),
      )
        .prefault('off')
        .describe('How often the lists of the providers are fetched, or off.'),
      sources: z
        .record(z.string(), listSource())
        .superRefine((sources, { addIssue }) => {
          for (const id of Object.keys(sources)) {
            if (providerIds.includes(id)) continue
            const message = `names no provider${suggestion(id, providerIds)}; the providers are ${providerIds.join(', ')}`
            addIssue({ code: 'custom', input: sources[id], path: [id], message })
          }
        })
        .prefault({})
        .describe('By provider: the address of its list at a mirror, or off to leave the provider out.'),
    })
    .prefault({})
    .describe('How the place of a client is found.'),
  presence: z
    .strictObject({
      ttl: duration(SECOND, 30 * DAY)
        .prefault('6h')
        .describe('How long "the store has it" is remembered.'),
      negativeTtl: duration(SECOND, DAY)
        .prefault('30s')
        .describe('How long "the store lacks it" is remembered.'),
      timeout: duration(10, 30 * SECOND)
        .prefault('300ms')
        .describe('How long a client waits for a store to say whether it has a blob.'),
      maxEntries: wholeNumber(1000, 50_000_000)
        .prefault(1_000_000)
        .describe('How many such facts are kept, all stores together.'),
    })
    .prefault({})
    .describe('What is remembered about which store holds which blob.'),
  health: z
    .strictObject({
      interval: duration(SECOND, HOUR).prefault('10s').describe('Between two probes of a backend.'),
      timeout: duration(10, 30 * SECOND)
        .prefault('2s')
        .describe('How long one request of a probe may take.'),
      failures: wholeNumber(1, 100)
        .prefault(3)
        .describe('Failures in a row that take a backend out of traffic.'),
      successes: wholeNumber(1, 100).prefault(2).describe('Passed probes in a row that bring it back.'),
    })
    .prefault({})
    .describe('How backends are tried, before and while clients are sent to them.'),
  ownership: ownership
    .optional()
    .describe(
      "By what the door tells the operator's own stores from a stranger's; without it, all are believed.",
    ),
  ca: oneOrMoreFiles()
    .optional()
    .describe(
      "Files of certificates (PEM) that are trusted beside the runtime's and the system's; relative to the folder of this file.",
    ),
  sync: sync.optional().describe('What "portolan sync" copies to the stores that say how they are filled.'),
})
