import { z } from 'zod'
import { PortolanError } from '../errors.ts'
import { probePath, WRITER_PATH } from '../inventory/paths.ts'
import type { Runtime } from '../runtime.ts'
import type { ObjectHeaders, ObjectStore } from '../storage/object-store.ts'
import type { Workspace } from '../storage/workspace.ts'
import { lookAgain } from './look-again.ts'
import type { Target } from './target.ts'

/** Who writes to a store, and what was found out of it: kept in the store itself. */
const RECORD = z.object({
  version: z.literal(1),
  /** Of the journal that wrote last, by chance. */
  writer: z.string().regex(/^[a-z0-9]{1,64}$/),
  /** Whether the store refuses a write whose condition does not hold. */
  conditional: z.boolean(),
})
type WriterRecord = z.infer<typeof RECORD>

const RECORD_MAX_BYTES = 4096
const HEADERS: ObjectHeaders = { contentType: 'application/json', cacheControl: 'no-store' }

export interface ClaimParts {
  readonly runtime: Pick<Runtime, 'after' | 'random'>
  /** Of this journal. */
  readonly writer: string
  /** Take a store over from another journal. */
  readonly takeLease: boolean
}

/** The right to write the inventory of a store. */
export interface StoreClaim {
  /** Whether the store keeps conditions, so that others may write it too. One that does not is one journal's at a time. */
  readonly conditional: boolean
  /** To be awaited before the inventory is written: rejects with `STORE_REFUSED` when another has taken the store since. */
  confirm(): Promise<void>
}

/** Of a store that is written on conditions, or not at all. */
export const SHARED_CLAIM: StoreClaim = { conditional: true, confirm: async () => {} }

/** Makes sure that this journal may write the inventory of a store. Throws `STORE_REFUSED` when it is another's. */
export async function claimStore(
  target: Target,
  { runtime, writer, takeLease }: ClaimParts,
): Promise<StoreClaim> {
  const { objects } = target
  if (objects.keepsConditions) return SHARED_CLAIM
  const ours: StoreClaim = {
    conditional: false,
    async confirm() {
      let now: WriterRecord | undefined
      const isOurs = await lookAgain(runtime, async () => {
        now = await readRecord(objects)
        return now === undefined || now.writer === writer ? true : undefined
      })
      if (isOurs === undefined) throw another(target, now!)
    },
  }
  const record = await readRecord(objects)
  if (record?.conditional) return SHARED_CLAIM
  if (record !== undefined && record.writer !== writer && !takeLease) throw another(target, record)
  if (record !== undefined && record.writer === writer) return ours
  const conditional = record === undefined && (await keepsConditions(objects, writer))
  await objects.put(WRITER_PATH, formatRecord({ version: 1, writer, conditional }), HEADERS)
  return conditional ? SHARED_CLAIM : ours
}

async function readRecord(objects: ObjectStore): Promise<WriterRecord | undefined> {
  const found = await objects.read(WRITER_PATH, RECORD_MAX_BYTES)
  return found && parseRecord(found.bytes)
}

function another({ id, objects }: Target, { writer }: WriterRecord): PortolanError {
  return new PortolanError(
    'STORE_REFUSED',
    `store ${id}: ${objects.location} is written with another journal (${WRITER_PATH} names ${writer}), and keeps no conditions, so that two would lose entries of its inventory; use that journal, or, when it is gone for good, --take-lease`,
    { store: id, location: objects.location, writer },
  )
}

/**
 * Tries whether a store refuses what it must: some answer that they know no conditions, some take no notice of them. At a
 * key of this journal's own, so that others who try at the same time change nothing.
 */
async function keepsConditions(objects: ObjectStore, writer: string): Promise<boolean> {
  const key = probePath(writer)
  const [one, two] = ['one', 'two'].map((text) => new TextEncoder().encode(text)) as [Uint8Array, Uint8Array]
  const writes = (bytes: Uint8Array, version: string | undefined) =>
    objects.replace(key, bytes, HEADERS, version)
  try {
    await writes(one, undefined)
    if (await writes(one, undefined)) return false
    const found = await objects.read(key, RECORD_MAX_BYTES)
    if (!found?.version) return false
    return (await writes(two, found.version)) && !(await writes(one, found.version))
  } catch (error) {
    if (error instanceof PortolanError && error.facts.status === 501) return false
    throw error
  } finally {
    await objects.delete(key).catch(() => {})
  }
}

/** The name of a journal, by chance: made with it, and kept in it. */
export async function nameOfJournal(
  workspace: Workspace,
  { random }: Pick<Runtime, 'random'>,
): Promise<string> {
  const kept = new TextDecoder().decode((await workspace.file(NAME_FILE)) ?? new Uint8Array())
  if (/^[a-z0-9]{8,64}$/.test(kept)) return kept
  const name = Array.from({ length: 3 }, () =>
    Math.floor(random() * 2 ** 32)
      .toString(36)
      .padStart(7, '0'),
  ).join('')
  await workspace.keepFile(NAME_FILE, new TextEncoder().encode(name))
  return name
}

const NAME_FILE = 'writer'

function formatRecord(record: WriterRecord): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(record, undefined, 2)}\n`)
}

/** One that cannot be read was not written by us; it is as good as none. */
function parseRecord(bytes: Uint8Array): WriterRecord | undefined {
  try {
    return RECORD.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch {
    return undefined
  }
}
