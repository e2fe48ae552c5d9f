import { z } from 'zod'
import { type LegacyConfig, PHASE_KINDS, type PhaseConfig } from '../../config/legacy-config.ts'
import { PortolanError } from '../../errors.ts'

/** What has become of a phase. */
export interface PhaseFate {
  /** As it was when it began. */
  readonly config: PhaseConfig
  /** Milliseconds since 1970. */
  readonly began: number
  /** When it ended by itself, and why; absent of others. */
  readonly ended?: { readonly at: number; readonly why: string }
}

const list = z.array(z.string()).optional()
const PHASE = z.strictObject({
  id: z.string(),
  phase: z.enum(PHASE_KINDS),
  from: z.number(),
  until: z.number().optional(),
  share: z.number(),
  when: z.strictObject({ cloud: list, region: list, country: list, prefix: list, repository: list }),
  answer: z.enum(['unavailable', 'denied']),
})
const FILE = z.strictObject({
  version: z.literal(1),
  host: z.string(),
  phases: z
    .array(
      z.strictObject({
        config: PHASE,
        began: z.number(),
        ended: z.strictObject({ at: z.number(), why: z.string() }).optional(),
      }),
    )
    .max(10_000),
})

/**
 * Which phases of an old name have begun, and which have ended by themselves. What has begun is past: it stays in the
 * schedule as it was, so that what was announced is what happens.
 */
export class PhaseRecord {
  readonly host: string
  readonly #fates = new Map<string, PhaseFate>()

  constructor(host: string, fates: Iterable<PhaseFate> = []) {
    this.host = host
    for (const fate of fates) this.#fates.set(fate.config.id, fate)
  }

  get begun(): ReadonlySet<string> {
    return new Set(this.#fates.keys())
  }

  get ended(): ReadonlySet<string> {
    return new Set([...this.#fates.values()].filter(({ ended }) => ended).map(({ config }) => config.id))
  }

  fateOf(id: string): PhaseFate | undefined {
    return this.#fates.get(id)
  }

  /** Takes note that a phase is in force; says whether that is new. */
  begin(config: PhaseConfig, at: number): boolean {
    if (this.#fates.has(config.id)) return false
    this.#fates.set(config.id, { config, began: at })
    return true
  }

  /** Takes note that a phase has ended by itself. */
  end(config: PhaseConfig, at: number, why: string): void {
    const { began = at } = this.#fates.get(config.id) ?? {}
    this.#fates.set(config.id, { config, began, ended: { at, why } })
  }

  /** Throws `CONFIG_INVALID` for a schedule in which a phase that has begun is missing, or is another one. */
  check({ phases }: LegacyConfig): void {
    for (const { config, began } of this.#fates.values()) {
      const next = phases.find(({ id }) => id === config.id)
      if (next !== undefined && textOf(next) === textOf(config)) continue
      const since = new Date(began).toISOString()
      const what = next === undefined ? 'is missing' : 'is another one'
      const message = `legacy.phases: ${config.id}, which began at ${since}, ${what}; what has begun stays as it was announced: switch it off by legacy.off, and add another phase`
      throw new PortolanError('CONFIG_INVALID', message, { phase: config.id })
    }
  }

  format(): string {
    return `${JSON.stringify({ version: 1, host: this.host, phases: [...this.#fates.values()] }, null, 1)}\n`
  }
}

/**
 * Reads what was kept of the phases of an old name. Throws `CONFIG_INVALID`, also for what was kept of another name, which
 * would be lost with the first phase that is kept of this one.
 */
export function readPhaseRecord(text: string | undefined, host: string, file: string): PhaseRecord {
  if (text === undefined) return new PhaseRecord(host)
  const parsed = FILE.safeParse(parseJson(text))
  if (!parsed.success) {
    const message = `legacy.record: ${file} is no record of phases; mend it, or move it away to begin anew`
    throw new PortolanError('CONFIG_INVALID', message, { file }, parsed.error)
  }
  const { host: recorded, phases } = parsed.data
  if (recorded !== host) {
    const message = `legacy.record: ${file} is that of ${recorded}, and not of ${host}; name another file, or move it away to begin anew`
    throw new PortolanError('CONFIG_INVALID', message, { file, recorded, host })
  }
  return new PhaseRecord(host, phases as PhaseFate[])
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The same of two phases that are the same, in whichever order their keys stand. */
function textOf({ id, phase, from, until, share, when, answer }: PhaseConfig): string {
  const { cloud, region, country, prefix, repository } = when
  return JSON.stringify([id, phase, from, until, share, cloud, region, country, prefix, repository, answer])
}
