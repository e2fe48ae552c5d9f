import { z } from 'zod'
import { PortolanError } from '../../errors.ts'
import { redactFacts } from './redact-facts.ts'
import type { NetworkReport } from './report.ts'

/** One thing that is not the same on two machines; absent where one of them has nothing of it. */
export interface Difference {
  /** Such as `proxy for https` or `tls registry.example:443`. */
  readonly what: string
  readonly there?: string
  readonly here?: string
}

/** Words of a report, none of which is long. */
const TEXT = z.string().max(10_000)
const LIST_MAX = 10_000

/** What of a printed report is compared; the rest of it is not looked at. */
const REPORT = z.object({
  version: z.literal(1),
  image: TEXT,
  view: z.object({
    runtime: TEXT,
    proxies: z.object({ http: TEXT.optional(), https: TEXT.optional(), none: TEXT.optional() }),
    authorities: z.object({ count: z.int().nonnegative() }),
    endpoints: z.array(TEXT).max(LIST_MAX),
    findings: z.array(z.object({ problem: TEXT })).max(LIST_MAX),
  }),
  pulls: z
    .array(
      z.object({
        exchanges: z
          .array(
            z.object({
              host: TEXT,
              port: z.int(),
              tls: z.object({ certificate: z.object({ issuer: TEXT }).optional() }).optional(),
            }),
          )
          .max(LIST_MAX),
      }),
    )
    .max(LIST_MAX),
  checks: z
    .array(z.object({ check: TEXT, at: TEXT, family: z.int().optional(), verdict: TEXT }))
    .max(LIST_MAX),
})

/** A report of another machine, as far as it is compared. */
export type ComparedReport = Omit<z.infer<typeof REPORT>, 'version'>

/** Reads what `doctor --json` has printed. Throws `CONTENT_INVALID` for anything else; `source` is where it was read. */
export function parseReport(content: unknown, source: string): ComparedReport {
  const parsed = REPORT.safeParse(content)
  // Who has written it is not known.
  if (parsed.success) return redactFacts(parsed.data)
  const [first] = parsed.error.issues
  const message = `${source} is not what doctor --json prints: ${first!.path.join('.') || 'the whole'}: ${first!.message}`
  throw new PortolanError('CONTENT_INVALID', message, { source })
}

/** What is otherwise here than on another machine: settings, who issued certificates, and how each check ended. */
export function compareReports(there: ComparedReport, here: NetworkReport): Difference[] {
  const [one, other] = [linesOf(there), linesOf(here)]
  return [...new Set([...one.keys(), ...other.keys()])].flatMap((what): Difference[] => {
    const [was, is] = [one.get(what), other.get(what)]
    return was === is
      ? []
      : [{ what, ...(was !== undefined && { there: was }), ...(is !== undefined && { here: is }) }]
  })
}

function linesOf({
  image,
  view,
  pulls,
  checks,
}: ComparedReport | NetworkReport): ReadonlyMap<string, string> {
  const { proxies, authorities, endpoints, findings, runtime } = view
  const lines = new Map<string, string>([
    ['image', image],
    ['runtime', runtime],
    ['proxy for https', proxies.https ?? 'none'],
    ['proxy for http', proxies.http ?? 'none'],
    ['no proxy for', proxies.none ?? 'nothing'],
    ['trusted authorities', String(authorities.count)],
    ['asked', endpoints.join(', then ')],
  ])
  for (const { problem } of findings) lines.set(`setting: ${problem}`, 'there')
  for (const { exchanges } of pulls) {
    for (const { host, port, tls } of exchanges) {
      const issuer = tls?.certificate?.issuer
      if (issuer !== undefined) lines.set(`certificate of ${host}:${port}, issued by`, issuer)
    }
  }
  for (const { check, at, family, verdict } of checks) {
    if (check === 'settings') continue
    lines.set([check, at, ...(family === undefined ? [] : [`IPv${family}`])].join(' '), verdict)
  }
  return lines
}
