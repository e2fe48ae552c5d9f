import type { Config } from '../../config/config.ts'
import { EVERY_PHASE, type LegacyConfig } from '../../config/legacy-config.ts'
import { PortolanError } from '../../errors.ts'
import { inTurns, type Steps } from '../../internal/steps.ts'
import { type ListInPieces, readPiece } from '../../legacy/list-pieces.ts'
import type { Digest } from '../../oci/digest.ts'
import { isSignatureTag, type Name, type Tag } from '../../oci/name.ts'
import { compileSchedule, type Proof, type Schedule } from '../../routing/legacy/schedule.ts'
import type { FrozenContent } from '../../routing/legacy/treat.ts'
import type { PublishedEndpoints } from '../published-endpoints.ts'
import type { DoorRuntime } from '../runtime.ts'
import { PhaseRecord, readPhaseRecord } from './phase-record.ts'
import { WatchedFile } from './watched-file.ts'

/** The list of an old name as the door goes by it. */
export interface LoadedList {
  readonly proof: Proof
  /** Absent where there is no list. */
  readonly content?: FrozenContent
  /** The repositories that are counted each by itself. */
  readonly counted: ReadonlySet<Name>
}

/** A list may name very many, and each is a series. */
const COUNTED_MAX = 2000

/** What is planned for an old name, and what has become of it. */
export interface LegacyPlan {
  readonly config: LegacyConfig
  readonly schedule: Schedule
  /** Absent where the config names none. */
  readonly list?: WatchedFile<LoadedList>
  readonly off?: WatchedFile<ReadonlySet<string> | 'all'>
  readonly record: PhaseRecord
  /** Why nobody may be sent to the new name at a moment, by what is published; `undefined` where they may. */
  readonly closed: (now: number) => string | undefined
}

type LegacyRuntime = Pick<DoorRuntime, 'legacy' | 'log' | 'after'>

/** What a plan for an old name stands beside. */
export interface BesideLegacy {
  /** The plan before this one: what has become of its phases is known, and stays. */
  readonly before?: LegacyPlan | undefined
  readonly endpoints?: Pick<PublishedEndpoints, 'closedAt'> | undefined
  /**
   * Whether another process decides and tells this one: it has read the same files before, and goes on by what they said. So
   * nothing that is wrong with them now keeps this one from starting.
   */
  readonly isTold?: boolean
}

/**
 * Reads what the plan for an old name needs; `undefined` where there is none. Throws `CONFIG_INVALID` for files that cannot
 * be used, and for a schedule that changes what has begun.
 */
export async function openLegacy(
  { legacy }: Config,
  runtime: LegacyRuntime,
  { before, endpoints, isTold = false }: BesideLegacy,
): Promise<LegacyPlan | undefined> {
  if (legacy === undefined) return undefined
  const { legacy: storage, log } = runtime
  if (storage === undefined) {
    throw new PortolanError('CONFIG_INVALID', 'legacy: needs files, and there is no disk here')
  }
  const { host, list, off, record } = legacy
  const parts = { storage, log }
  const known =
    before?.config.host === host
      ? before.record
      : record === undefined || isTold
        ? new PhaseRecord(host)
        : readPhaseRecord(await reading('record', record, storage.read(record)), host, record)
  known.check(legacy)
  const listOf = async (file: string) => {
    if (isSameList(before, legacy)) {
      await before.list.look()
      return before.list
    }
    const otherwise = isTold ? withoutList(`${file} cannot be used`) : undefined
    const read = async () => load(await storage.readList(file), file, legacy, runtime)
    return reading('list', file, WatchedFile.open(file, read, parts, otherwise))
  }
  return {
    config: legacy,
    schedule: compileSchedule(legacy),
    ...(list !== undefined && { list: await listOf(list) }),
    ...(off !== undefined && {
      off: await reading(
        'off',
        off,
        WatchedFile.open(
          off,
          async () => readSwitches(await storage.read(off), legacy, runtime),
          parts,
          // Whatever is switched off is not in force here either.
          isTold ? EVERY_PHASE : undefined,
        ),
      ),
    }),
    record: known,
    closed(now) {
      const why = endpoints?.closedAt(legacy.successor.url, now)
      return why && `the new name, ${legacy.successor.host}, ${why}`
    },
  }
}

/** Whether a plan goes by the same list: to read it again takes seconds, and one that cannot be used now leaves what it said. */
function isSameList(
  before: LegacyPlan | undefined,
  { host, list }: LegacyConfig,
): before is LegacyPlan & Required<Pick<LegacyPlan, 'list'>> {
  return before?.list !== undefined && before.config.host === host && before.list.file === list
}

async function reading<T>(key: string, file: string, read: Promise<T>): Promise<T> {
  try {
    return await read
  } catch (cause) {
    if (cause instanceof PortolanError && cause.code === 'CONFIG_INVALID') throw cause
    const message = `legacy.${key}: ${file} cannot be used: ${(cause as Error).message}`
    throw new PortolanError('CONFIG_INVALID', message, { file }, cause)
  }
}

async function load(
  list: ListInPieces | undefined,
  file: string,
  { host }: LegacyConfig,
  runtime: Pick<DoorRuntime, 'after'>,
): Promise<LoadedList> {
  if (list === undefined) {
    return withoutList(`there is no ${file} yet, which "portolan legacy check" writes`)
  }
  if (list.host !== host) {
    throw new PortolanError('CONTENT_INVALID', `is the list of ${list.host}, and not of ${host}`)
  }
  const { missing, different, unknown } = list.counts
  const content = await inTurns(runtime, contentOf(list))
  return {
    proof: { kind: 'checked', at: Date.parse(list.checked), lacking: missing + different, unknown },
    content,
    counted: new Set([...content.keys()].slice(0, COUNTED_MAX)),
  }
}

function withoutList(why: string): LoadedList {
  return { proof: { kind: 'none', why }, counted: new Set() }
}

/** By maps: a repository may be called as what every object has; and objects have an order of their own. */
function* contentOf({ pieces }: ListInPieces): Steps<FrozenContent> {
  const content = new Map<Name, { readonly tags: Map<Tag, Digest>; readonly digests: Set<Digest> }>()
  for (const piece of pieces) {
    for (const [name, some] of readPiece(piece)) {
      const repository = content.get(name) ?? { tags: new Map(), digests: new Set() }
      content.set(name, repository)
      for (const [tag, digest] of some) {
        repository.tags.set(tag, digest)
        if (!isSignatureTag(tag)) repository.digests.add(digest)
      }
    }
    yield
  }
  return content
}

/** The ids of phases, one a line or several; `#` begins a remark. Of what is no phase it says so: a slip would switch nothing off. */
function readSwitches(
  text: string | undefined,
  { off, phases }: LegacyConfig,
  { log }: Pick<DoorRuntime, 'log'>,
): ReadonlySet<string> | 'all' {
  const words = (text ?? '')
    .replace(/#.*/g, '')
    .split(/[\s,]+/)
    .filter((word) => word !== '')
  if (words.includes(EVERY_PHASE)) return EVERY_PHASE
  const known = phases.map(({ id }) => id)
  const unknown = words.filter((word) => !known.includes(word)).map((word) => word.slice(0, 64))
  if (unknown.length > 0) {
    log.warn({ file: off, unknown: unknown.slice(0, 8), phases: known }, 'what is switched off is no phase')
  }
  return new Set(words)
}
