import type { LegacyConfig } from '../config/legacy-config.ts'
import { PortolanError } from '../errors.ts'
import { compareLists, type SomeImages } from '../legacy/compare-lists.ts'
import type { LegacyList } from '../legacy/legacy-list.ts'
import { formatLegacyList, readLegacyList } from '../legacy/read-list.ts'
import type { LegacyCheck } from '../replication/legacy/check-legacy.ts'
import { writeWhole } from '../storage/fs/workspace-file.ts'
import { readLegacyFile, requireWritable } from './legacy-file.ts'
import type { WrittenList } from './legacy-report.ts'
import { usage } from './sync-parts.ts'

/** What a command line says of lists. */
export interface ListOptions {
  readonly from: string | undefined
  readonly out: string | undefined
  readonly blobs: boolean
  readonly forget: boolean
}

/** The lists of checks before this one. */
export interface LegacyLists {
  /** Where the list of this one goes; absent for nowhere. */
  readonly file?: string
  /** What lies there. */
  readonly before: LegacyList | undefined
  /** What the old name has, where this check is to go by that. */
  readonly known: LegacyList | undefined
}

/** Reads what is there already, and refuses at once what could not be written at the end. */
export async function readLists(legacy: LegacyConfig, options: ListOptions): Promise<LegacyLists> {
  const file = options.blobs ? (options.out ?? legacy.list) : undefined
  const source = legacy.list ?? options.out
  const read = async (path: string | undefined) => {
    const list = path === undefined ? undefined : await readLegacyFile(path)
    if (list === undefined || list.host === legacy.host) return list
    throw usage(`${path} is the list of ${list.host}, and the config's old name is ${legacy.host}`)
  }
  const before = await read(file)
  const known = options.from === undefined ? await read(source) : undefined
  if (options.from === undefined && known === undefined) {
    const where =
      source === undefined ? 'there is no list of' : `${source} is not there, so that nothing is known of`
    throw usage(
      `${where} what ${legacy.host} has: say where its content lies now, such as --from https://old-backend.example/images (not what a door answers)`,
    )
  }
  if (file !== undefined) await requireWritable(file)
  return { ...(file !== undefined && { file }), before, known }
}

/** Writes the list, unless a door would be told less than is so; a file that cannot be written is no reason to say nothing. */
export async function keepList(
  check: LegacyCheck,
  { file, before }: LegacyLists,
  options: ListOptions,
  say: (line: string) => void,
): Promise<WrittenList> {
  if (!options.blobs) return { written: false, why: 'without blobs, nothing is proven' }
  if (file === undefined) return { written: false }
  try {
    return await replaceList(check, file, before, options, say)
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    return { written: false, file, refused: true, why: error.message }
  }
}

async function replaceList(
  { list, incomplete }: LegacyCheck,
  file: string,
  before: LegacyList | undefined,
  { forget }: ListOptions,
  say: (line: string) => void,
): Promise<WrittenList> {
  const not = (why: string) => ({ written: false, file, why })
  const refused = (why: string) => ({ ...not(why), refused: true as const })
  if (incomplete.length > 0) return refused('a door would refuse what the list lacks')
  // Another check may have ended meanwhile.
  const now = await readLegacyFile(file)
  if (now !== undefined && now.checked !== before?.checked && now.checked > list.checked)
    return not(`${file} is of a check that began later`)
  const changes = now && compareLists(now, list)
  if (changes !== undefined && changes.lost.count > 0 && !forget)
    return refused(
      `${file} has ${describe(changes.lost)}, which the list would lose, and what is frozen does not get less; --forget writes it all the same`,
    )
  if (changes !== undefined && changes.moved.count > 0)
    say(`moved at the old name since ${now!.listed}, though it is frozen: ${describe(changes.moved)}`)
  if (changes !== undefined && changes.added.count > 0)
    say(`new at the old name since ${now!.listed}, though it is frozen: ${describe(changes.added)}`)
  const text = formatLegacyList(list)
  // What no door could read is not put in the place of what it can.
  readLegacyList(text)
  await writeWhole(file, text, true)
  return { written: true, file }
}

function describe({ count, first }: SomeImages): string {
  const more = count > first.length ? ` and ${count - first.length} more` : ''
  return first.join(', ') + more
}
