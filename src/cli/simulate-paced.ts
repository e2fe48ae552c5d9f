import {
  type LogSource,
  type Replayed,
  type ReplayOptions,
  replayLogs,
} from '../adapters/simulate/replay-logs.ts'
import { placeOf } from '../clouds/places.ts'
import type { ReplaySetup } from '../simulate/open-replay.ts'
import { isOpen } from '../simulate/pacing/course.ts'
import { type Foreseen, foresee } from '../simulate/pacing/foresee.ts'
import type { SimulatedPolicy } from './simulate-setup.ts'

/** What came of logs, and of the sponsors of each policy that has such. */
export interface PacedReplay {
  readonly replayed: Replayed
  readonly foreseen: readonly (Foreseen | undefined)[]
}

export interface PacedOptions {
  readonly setup: ReplaySetup
  /** How many requests each one stands for. */
  readonly times: number
  readonly options: ReplayOptions
  /** Told when the logs are read once more. */
  readonly onSecond: () => void
}

/**
 * Replays logs as if no budget ended. Where one would not have lasted, what was asked for says at which paces a door would
 * have gone, and the logs are replayed once more by these. Throws what {@link replayLogs} throws.
 */
export async function replayPaced(
  logs: readonly LogSource[],
  policies: readonly Pick<SimulatedPolicy, 'payers'>[],
  { setup, times, options, onSecond }: PacedOptions,
): Promise<PacedReplay> {
  const open = await replayLogs(logs, setup, options)
  const { first, last, policies: states } = open.state
  if (first > last) return { replayed: open, foreseen: [] }
  const foreseen = policies.map(({ payers }, index) =>
    payers.length === 0
      ? undefined
      : foresee(states[index]!.load, { sponsors: payers, first, last, times, placeOf }),
  )
  if (foreseen.every((each) => each === undefined || isOpen(each.course))) return { replayed: open, foreseen }
  onSecond()
  const paced = setup.policies.map((policy, index) => {
    const course = foreseen[index]?.course
    return { ...policy, ...(course && { course }) }
  })
  return { replayed: await replayLogs(logs, { ...setup, policies: paced }, options), foreseen }
}
