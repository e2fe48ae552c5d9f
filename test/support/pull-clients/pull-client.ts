import type { Ran } from '../programs.ts'

/** A program that people pull with. */
export interface PullClient {
  readonly name: string
  /** Why it cannot be tried here, by the name of what is missing; `undefined` when it can. */
  readonly missing: string | undefined
  /** What ends its wait for a store that sends nothing. */
  readonly waitEnd: string
  /** Between two tries, in milliseconds, the last one for all that follow: kubelet's for a runtime, a person's for a tool. */
  readonly pauses: readonly number[]
  /** Why it may wait for itself for ever, whatever it is answered; then it has to be started anew. */
  readonly mayHang?: string
  /** Its processes get in each other's way, wherever they keep what they pull. */
  readonly isAlone?: boolean
  /** With an empty folder to itself; what it keeps there of a try that failed is what it would keep. */
  start(folder: string): Promise<StartedClient>
}

export interface StartedClient extends AsyncDisposable {
  /** Pulls `name:tag` from the registry at `host`, over plain HTTP. */
  pull(host: string, image: string): Promise<Ran>
}

/** So long a client may wait for a store that sends nothing, in milliseconds; a pull that works takes a tenth. */
export const MAX_WAIT = 20_000

/** A person who sees that it failed and asks again, in milliseconds. */
export const BY_HAND: readonly number[] = [1000]
/** kubelet's back-off after a pull that failed, in milliseconds. */
export const BY_KUBELET: readonly number[] = [10_000, 20_000, 40_000]
