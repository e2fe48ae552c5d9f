import { copyToStore } from '../replication/images/copy-to-store.ts'
import { commandRuntime } from './command-runtime.ts'
import { type CopyDestination, type DestinationParts, wholeName } from './copy-destination.ts'
import type { PlaceWord } from './copy-words.ts'
import { readSigningKey } from './signing-key.ts'
import { syncSection, usage } from './sync-parts.ts'
import { takeJournal } from './take-journal.ts'

/** As `sync` has it by itself, in milliseconds. */
const LEASE = 30_000

/** A store of a config. It has no names; under which its images are walked is told in faults. */
export async function storeAt(word: PlaceWord, { stores, say }: DestinationParts): Promise<CopyDestination> {
  const { location, image } = word
  if (image !== undefined)
    throw usage(`the target ${location}@${image} has a digest: content has its own; expected ${location}`)
  const { config, target } = await stores.open(word)
  const section = syncSection(config)
  const signer = await readSigningKey(config)
  const workspace = await takeJournal(section, { lease: LEASE }, { say, end: () => {} })
  const { concurrency } = section
  const parts = {
    ...{ runtime: commandRuntime, workspace, location, target, concurrency, say },
    ...(signer && { signer }),
  }
  return {
    copy: (jobs, options) => copyToStore(parts, jobs, options),
    nameOf: ({ host, name, tag }) => ({ name: wholeName(host, name), tag }),
    close: () => workspace.close(),
  }
}
