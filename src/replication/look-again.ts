import { retry } from '../internal/retry.ts'
import type { Runtime } from '../runtime.ts'

/** How often something is looked for, and how long between two looks: four seconds to eight in all. */
const LOOKS = { attempts: 5, backoff: { first: 500, max: 4000 } }

/**
 * What `look` finds, or `undefined` when it finds nothing time after time: some stores show what was written only a
 * moment later, and what is not there yet is not to be taken for lost.
 */
export async function lookAgain<T>(
  runtime: Pick<Runtime, 'after' | 'random'>,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const again = (error: unknown) => error === NOTHING
  try {
    return await retry(runtime, { ...LOOKS, again }, async () => {
      const found = await look()
      if (found === undefined) throw NOTHING
      return found
    })
  } catch (error) {
    if (error === NOTHING) return undefined
    throw error
  }
}

/** Thrown from one look to the next. */
const NOTHING = new Error('nothing is there')
