import type { z } from 'zod'
import { absolutePath } from './absolute-path.ts'
import { formatDuration } from './duration.ts'
import type { LegacyConfig, PhaseConfig } from './legacy-config.ts'
import { formatPercentage } from './percentage.ts'
import type { legacySchema } from './schema/legacy.ts'
import { withoutUndefined } from './without-undefined.ts'

type Parsed = z.output<typeof legacySchema>

/** The old name of a config as it stands in its file. */
export function toLegacy(
  { list, record, off, info, phases, ...legacy }: Parsed,
  baseFolder: string,
): LegacyConfig {
  const ids = phaseIds(phases)
  return {
    ...legacy,
    ...(list !== undefined && { list: absolutePath(list, baseFolder) }),
    ...(record !== undefined && { record: absolutePath(record, baseFolder) }),
    ...(off !== undefined && { off: absolutePath(off, baseFolder) }),
    ...(info !== undefined && { info }),
    phases: phases.map(({ phase, from, until, cohort, answer = 'unavailable' }, index) => ({
      id: ids[index]!,
      phase,
      from,
      ...(until !== undefined && { until }),
      share: cohort.share,
      when: withoutUndefined(cohort.when),
      answer,
    })),
  }
}

/** How phases are called: those without an id by what they are, in their order. */
export function phaseIds(
  phases: readonly ({ readonly id?: string | undefined; readonly phase?: string | undefined } | undefined)[],
): string[] {
  const counts = new Map<string, number>()
  return phases.map((each) => {
    const kind = each?.phase ?? ''
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    return each?.id ?? `${kind}-${count}`
  })
}

/** An old name as a file would say it. */
export function expandLegacy({
  successor,
  maxAge,
  failures,
  phases,
  ...legacy
}: LegacyConfig): Record<string, unknown> {
  return {
    ...legacy,
    successor: successor.url,
    maxAge: formatDuration(maxAge),
    failures: { ...failures, share: formatPercentage(failures.share) },
    phases: phases.map(expandPhase),
  }
}

function expandPhase({ from, until, share, when, answer, ...phase }: PhaseConfig): Record<string, unknown> {
  return {
    ...phase,
    from: new Date(from).toISOString(),
    ...(until !== undefined && { until: new Date(until).toISOString() }),
    cohort: { share: formatPercentage(share), when },
    ...(phase.phase === 'brownout' && { answer }),
  }
}
