import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Journal, type JournalState, openJournal } from './journal.ts'
import type { Lease } from './lease.ts'

/**
 * Opens the journal of a lease, called `NAME-FENCE.jsonl`. Every lease writes one of its own, which begins with what the
 * ones before say: whoever has lost the lease and does not know of it yet writes where nobody reads any more.
 * `onSilent` is called when they are read and whoever wrote them may still be at it.
 */
export async function openFencedJournal<Line extends object>(
  folder: string,
  name: string,
  state: JournalState<Line>,
  { fence, predecessor }: Pick<Lease, 'fence' | 'predecessor'>,
  onSilent?: () => void,
): Promise<Journal<Line>> {
  const earlier = (await readdir(folder))
    .flatMap((file) => {
      const found = fenceOf(file, name)
      return found === undefined ? [] : [{ file, fence: found }]
    })
    .filter((journal) => journal.fence < fence)
    .sort((a, b) => a.fence - b.fence)
    .map(({ file }) => join(folder, file))
  const journal = await openJournal(join(folder, `${name}-${fence}.jsonl`), state, {
    earlier,
    ...(predecessor === 'silent' && onSilent && { read: onSilent }),
  })
  for (const file of earlier) await rm(file, { force: true })
  return journal
}

/** Of `NAME.jsonl`, which there was before there were leases, 0. */
function fenceOf(file: string, name: string): number | undefined {
  if (file === `${name}.jsonl`) return 0
  if (!file.startsWith(`${name}-`) || !file.endsWith('.jsonl')) return undefined
  const digits = file.slice(name.length + 1, -'.jsonl'.length)
  return /^[0-9]{1,15}$/.test(digits) ? Number(digits) : undefined
}
