import { z } from 'zod'
import { parseListenAddress, readHostName } from '../listen-address.ts'
import { readPublicKey } from '../public-key.ts'
import { cloudsSchema } from './clouds.ts'
import { legacySchema } from './legacy.ts'
import { cacheSchema, registrySchema, revalidateSchema } from './mirror.ts'
import { policySchema, ruleSchema, spillSchema } from './routing.ts'
import { pacingSchema, sponsorsSchema } from './sponsors.ts'
import { storeSchema } from './store.ts'
import { syncSchema } from './sync.ts'
import { tlsSchema } from './tls.ts'
import { upstreamSchema } from './upstream.ts'
import {
  DAY,
  duration,
  file,
  flag,
  HOSTS_MAX,
  HOUR,
  oneOrMoreFiles,
  pageUrl,
  prefix,
  SECOND,
  text,
  wholeNumber,
} from './values.ts'

/** Where the door listens, and its admin service, unless a config says otherwise. */
export const DEFAULT_LISTEN = '0.0.0.0:8080'
export const DEFAULT_ADMIN = '127.0.0.1:9090'

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/
const DELIVERIES = ['redirect', 'relay'] as const
const LISTENERS = ['plain', 'node-http'] as const
const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
const LOG_ADDRESSES = ['off', 'masked', 'full'] as const

const listenAddress = 'HOST:PORT, such as 0.0.0.0:8080, :8080 or [::]:8080, with a port from 0 to 65535'

/** By what a store is told from a stranger's. */
const ownership = z.strictObject({
  publicKey: text('an Ed25519 public key', readPublicKey).describe(
    "The operator's Ed25519 public key: PEM, or the base64 in it.",
  ),
  maxAge: duration(HOUR, 365 * DAY)
    .prefault('30d')
    .describe('How old a proof may be.'),
})

/** What operators of networks may go by. */
const endpoints = z.strictObject({
  file: file().describe(
    'The statement that "portolan endpoints draft" makes; beside it, with .sig behind its name, what "portolan endpoints sign" makes.',
  ),
  publicKey: text('an Ed25519 public key', readPublicKey)
    .optional()
    .describe('The key by which it must be signed; by default ownership.publicKey.'),
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
  tls: tlsSchema
    .optional()
    .describe('With it, the door speaks TLS alone. Files are relative to the folder of this one.'),
  adminTls: tlsSchema.optional().describe('The same for the admin service; neither changes the other.'),
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
  delivery: z
    .enum(DELIVERIES)
    .prefault('redirect')
    .describe(
      'How content gets to clients: redirect sends them to a backend, relay fetches it for them (a mirror).',
    ),
  cache: z
    .union([z.literal('off'), cacheSchema], { error: 'must be off, or a map with folder and size' })
    .optional()
    .describe('What a mirror keeps on its disk, or off. For delivery: relay, which needs one of both.'),
  registries: z
    .array(registrySchema)
    .min(1, { error: 'must name at least one registry' })
    .optional()
    .describe('The registries that a mirror answers for. Without it, all upstreams are one registry.'),
  revalidate: revalidateSchema.prefault({}).describe('How a mirror asks again what tags stand for.'),
  upstreams: z
    .array(upstreamSchema)
    .min(1, { error: 'must name at least one upstream' })
    .describe('Trusted registries: tags, manifests, referrers, and every blob.'),
  stores: z.array(storeSchema).prefault([]).describe('Untrusted places that hold bytes by digest.'),
  routing: z
    .array(ruleSchema)
    .prefault([])
    .describe('Rules, of which the first that matches counts. Without any: same cloud first, then nearest.'),
  policies: z
    .array(policySchema)
    .optional()
    .describe('Canaries: other rules, each for a share of all clients; all others go by routing.'),
  spill: spillSchema.optional().describe('How much may move when a backend is down; without it, all of it.'),
  sponsors: sponsorsSchema
    .optional()
    .describe('Who pays for which backends; their budgets pace how much goes there.'),
  pacing: pacingSchema.optional().describe('How budgets are kept to by several doors, and over restarts.'),
  clients: z
    .strictObject({
      trustedProxies: z
        .array(prefix('an address or an address prefix, such as 127.0.0.1 or 10.0.0.0/8'))
        .prefault([])
        .describe('Proxies in front of the door whose forwarding header is believed.'),
      header: text('the name of a header', (value) => (TOKEN.test(value) ? value.toLowerCase() : undefined))
        .prefault('x-forwarded-for')
        .describe('The forwarding header.'),
      htpasswd: file()
        .optional()
        .describe(
          'File of the users of a mirror, as "htpasswd -B" writes it; relative to the folder of this file. Read again when it changes.',
        ),
      public: flag()
        .optional()
        .describe('Whether everybody may read a mirror of one registry; with registries, it stands at each.'),
    })
    .prefault({})
    .describe('How the address of a client is found, and who may come in.'),
  clouds: cloudsSchema.describe('How the place of a client is found.'),
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
  endpoints: endpoints
    .optional()
    .describe('The published, signed list of hosts: the door serves it, and sends clients nowhere else.'),
  legacy: legacySchema
    .optional()
    .describe('An old name of this registry that the door answers too, until it is gone.'),
  ca: oneOrMoreFiles()
    .optional()
    .describe(
      "Files of certificates (PEM) that are trusted beside the runtime's and the system's; relative to the folder of this file.",
    ),
  sync: syncSchema
    .optional()
    .describe('What "portolan sync" copies to the stores that say how they are filled.'),
})
