import { z } from 'zod'
import { CAUSES, type CauseId } from '../errors/causes.ts'

const FAMILY = z.union([z.literal(4), z.literal(6)]).describe('the version of IP')
const CAUSE = z
  .enum(Object.keys(CAUSES) as [CauseId, ...CauseId[]])
  .describe('an id of docs/errors.md; later versions may add others')
const VERDICT = z
  .enum(['pass', 'warn', 'fail', 'unknown'])
  .describe('unknown: not tried, or not to be known from here; never a "no"')
const PORT = z.int().positive().max(65_535)
const MILLISECONDS = z.int().nonnegative().describe('milliseconds')
const ROLE = z.enum(['door', 'mirror', 'registry'])
const TIME = z.iso.datetime()

const FAULT = { cause: CAUSE, detail: z.string().describe('in words, without secrets') }

const VIEW = z
  .strictObject({
    runtime: z.string().describe('such as containerd; shell: this environment, and no runtime'),
    family: FAMILY.optional().describe('the one that was asked for'),
    proxies: z.strictObject({
      from: z.string().describe('where they are set'),
      http: z.string().optional(),
      https: z.string().optional(),
      none: z.string().optional().describe('what is asked without a proxy'),
    }),
    authorities: z.strictObject({
      files: z.array(z.string()),
      count: z.int().nonnegative(),
      late: z.int().positive().optional().describe('installed after the runtime had started'),
    }),
    since: TIME.optional().describe('when its process has started'),
    unit: z.string().optional().describe('the unit of systemd that has started it'),
    endpoints: z.array(z.string()).describe('where it asks, in this order'),
    findings: z.array(
      z.strictObject({
        file: z.string(),
        line: z.int().positive(),
        effect: z.enum(['broken', 'unused', 'partial']),
        problem: z.string(),
        fix: z.string(),
      }),
    ),
  })
  .describe('what the settings of the runtime say, without its secrets')

const TLS = z.strictObject({
  protocol: z.string(),
  fault: z.string().optional().describe('what is wrong with the certificate, as OpenSSL names it'),
  certificate: z
    .strictObject({
      subject: z.string(),
      issuer: z.string(),
      above: z.array(z.string()).describe('those above the issuer'),
      names: z.array(z.string()),
      from: TIME,
      until: TIME,
    })
    .optional(),
  isPublic: z.boolean().optional().describe('whether authorities that browsers trust vouch for it'),
  inspectedBy: z.string().optional().describe('what opens TLS on the way'),
})

const EXCHANGE = z
  .strictObject({
    what: z.string().describe('what the pull wanted'),
    url: z.string().describe('without its query'),
    host: z.string(),
    port: PORT,
    proxy: z.string().optional().describe('HOST:PORT'),
    addresses: z
      .strictObject({ ipv4: z.array(z.string()).optional(), ipv6: z.array(z.string()).optional() })
      .optional()
      .describe('of the host, or of the proxy'),
    lookedUpIn: MILLISECONDS.optional(),
    nameServers: z
      .array(
        z.strictObject({
          server: z.string(),
          addresses: z.array(z.string()),
          fault: z
            .enum(['no such name', 'no address', 'server failure', 'refused', 'no sense', 'no answer'])
            .optional(),
        }),
      )
      .optional()
      .describe('asked one by one, where that tells more'),
    tries: z.array(
      z.strictObject({
        address: z.string(),
        family: FAMILY,
        milliseconds: MILLISECONDS,
        fault: z.strictObject(FAULT).optional(),
      }),
    ),
    tls: TLS.optional(),
    answer: z
      .strictObject({
        status: z.int(),
        type: z.string().optional(),
        server: z.string().optional(),
        via: z.string().optional(),
        retryAfter: z.string().optional(),
        clock: z.int().optional().describe("seconds by which the other end's clock is ahead"),
        milliseconds: MILLISECONDS,
      })
      .optional(),
    range: z.enum(['honoured', 'ignored']).optional(),
    sample: z
      .strictObject({
        bytes: z.int().nonnegative(),
        milliseconds: MILLISECONDS,
        whole: z.boolean().describe('whether all of it was read, and compared with its digest'),
      })
      .optional(),
    fault: z.strictObject(FAULT).optional(),
  })
  .describe('one request, with all that it needed; what was not learnt is absent')

const REPORT = {
  image: z.string(),
  view: VIEW,
  pulls: z.array(
    z.strictObject({
      endpoint: z.string(),
      role: ROLE,
      family: FAMILY,
      exchanges: z.array(EXCHANGE),
      works: z.boolean(),
      failed: z.strictObject({ what: z.string(), host: z.string(), port: PORT, ...FAULT }).optional(),
    }),
  ),
  checks: z.array(
    z.strictObject({
      check: z.enum(['settings', 'dns', 'connect', 'tls', 'range', 'clock', 'pull']),
      at: z.string().describe('HOST:PORT, an endpoint, or a file with its line'),
      family: FAMILY.optional(),
      verdict: VERDICT,
      cause: CAUSE.optional(),
      says: z.string(),
    }),
  ),
  allow: z
    .array(
      z.strictObject({
        host: z.string(),
        port: PORT.nullable(),
        from: z.array(z.enum(['clients', 'door', 'sync', 'people'])),
        why: z.array(z.string()),
      }),
    )
    .describe('hosts that were asked, in the order of a pull'),
  summary: z.strictObject({
    verdict: VERDICT,
    sentence: z.string(),
    cause: CAUSE.optional(),
    host: z.string().optional(),
    port: PORT.optional(),
    owner: z.enum(['this machine', 'the network', 'the registry', 'the image']).optional(),
    try: z.array(z.string()).describe('the quickest first; in backticks what to type'),
  }),
}

/** What `doctor IMAGE --json` prints; docs/schemas/doctor-report.json is made of it. */
export const DOCTOR_REPORT = z
  .strictObject({
    version: z.literal(1),
    at: TIME.optional().describe('when it was tried, with --watch'),
    ...REPORT,
    differences: z
      .array(z.strictObject({ what: z.string(), there: z.string().optional(), here: z.string().optional() }))
      .optional()
      .describe('what is otherwise than there, with --compare'),
  })
  .describe('What "portolan doctor IMAGE --json" prints')
