import { untilAborted } from '../../internal/until-aborted.ts'
import type { Runtime, Sockets } from '../../runtime.ts'
import { TimeoutError } from '../../transport/timeout.ts'

/** What is lent to a look at the network. */
export type NetworkRuntime = Pick<
  Runtime,
  'now' | 'date' | 'after' | 'userAgent' | 'createHash' | 'background'
> & { readonly sockets: Sockets }

/** What `work` gives; rejects with a {@link TimeoutError} when that takes longer than so many milliseconds. */
export async function inTime<Result>(
  { after }: Pick<Runtime, 'after'>,
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const abort = new AbortController()
  const callOff = after(milliseconds, () => abort.abort(new TimeoutError(milliseconds)))
  try {
    return await untilAborted(abort.signal, work(abort.signal))
  } finally {
    callOff()
  }
}
