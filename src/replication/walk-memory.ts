import { z } from 'zod'
import type { Digest } from '../oci/digest.ts'
import type { Name, Tag } from '../oci/name.ts'
import type { Runtime } from '../runtime.ts'
import type { Workspace } from '../storage/workspace.ts'
import { type Questioned, RepositoryMemory } from './repository-memory.ts'

/** Where it is kept. */
type Files = Pick<Workspace, 'file' | 'keepFile'>

export interface WalkMemoryOptions {
  /** The registry that is walked, as its location names it: what another one has said counts for nothing. */
  readonly location: string
  readonly runtime: Pick<Runtime, 'date' | 'createHash'>
  /** The longest that a manifest goes without being asked for its referrers again, in milliseconds; 0 asks each time. */
  readonly recheck: number
}

const DAY = 24 * 60 * 60 * 1000
/** What nobody has walked for so long is forgotten. */
const FORGOTTEN = 90 * DAY

const MOMENT = z.int().min(0)
const QUESTIONED = z.tuple([MOMENT, MOMENT])
const MEMORY = z.object({
  version: z.literal(1),
  location: z.string(),
  // Lists, since a tag may be called `__proto__`.
  repositories: z.array(
    z.object({
      name: z.string(),
      walked: MOMENT,
      tags: z.array(z.tuple([z.string(), z.string()])),
      withoutReferrers: QUESTIONED.optional(),
      referrers: z.array(z.tuple([z.string(), MOMENT, MOMENT, z.array(z.string())])),
    }),
  ),
})

/**
 * What earlier walks were told, kept from one to the next: what tags stood for, and which referrers a manifest had. None of
 * it is believed for long, and losing it costs requests and nothing else.
 */
export class WalkMemory {
  readonly #files: Files
  readonly #file: string
  readonly #options: WalkMemoryOptions
  readonly #repositories: Map<Name, RepositoryMemory>

  private constructor(
    files: Files,
    file: string,
    options: WalkMemoryOptions,
    repositories: Map<Name, RepositoryMemory>,
  ) {
    this.#files = files
    this.#file = file
    this.#options = options
    this.#repositories = repositories
  }

  /** Reads it; begins anew where there is none that can be read. Rejects as the workspace does. */
  static async open(files: Files, options: WalkMemoryOptions): Promise<WalkMemory> {
    const { location, runtime, recheck } = options
    const hash = runtime.createHash('sha256')
    hash.update(new TextEncoder().encode(location))
    const file = `walk-${hash.hex().slice(0, 16)}.json`
    const clock = { now: runtime.date().getTime(), recheck }
    const kept = readMemory(await files.file(file))
    const repositories = new Map<Name, RepositoryMemory>()
    for (const each of kept?.location === location ? kept.repositories : []) {
      const { name, walked, tags, withoutReferrers, referrers } = each
      const memory = new RepositoryMemory(clock, {
        walked,
        tags: new Map(tags as [Tag, Digest][]),
        ...(withoutReferrers && { withoutReferrers: questioned(withoutReferrers) }),
        referrers: new Map(
          referrers.map(([subject, since, asked, digests]) => [
            subject as Digest,
            { since, asked, digests: digests as Digest[] },
          ]),
        ),
      })
      repositories.set(name as Name, memory)
    }
    return new WalkMemory(files, file, options, repositories)
  }

  /** What is known of a repository that is walked now. */
  repository(name: Name): RepositoryMemory {
    const known = this.#repositories.get(name)
    if (known !== undefined) return known
    const { runtime, recheck } = this.#options
    const now = runtime.date().getTime()
    const fresh = new RepositoryMemory(
      { now, recheck },
      { walked: now, tags: new Map(), referrers: new Map() },
    )
    this.#repositories.set(name, fresh)
    return fresh
  }

  /** Keeps what was learnt, where anything was. */
  async save(): Promise<void> {
    const repositories = [...this.#repositories]
    if (!repositories.some(([, memory]) => memory.isChanged)) return
    const { location, runtime } = this.#options
    const forgotten = runtime.date().getTime() - FORGOTTEN
    const memory: z.infer<typeof MEMORY> = {
      version: 1,
      location,
      repositories: repositories.flatMap(([name, each]) => {
        const { walked, tags, withoutReferrers, referrers } = each.known
        if (walked < forgotten) return []
        const asked = [...referrers].filter(([, entry]) => entry.asked >= forgotten)
        return {
          ...{ name, walked, tags: [...tags] },
          ...(withoutReferrers && { withoutReferrers: [withoutReferrers.since, withoutReferrers.asked] }),
          referrers: asked.map(([subject, entry]) => [subject, entry.since, entry.asked, [...entry.digests]]),
        }
      }),
    }
    await this.#files.keepFile(this.#file, new TextEncoder().encode(JSON.stringify(memory)))
  }
}

function readMemory(bytes: Uint8Array | undefined): z.infer<typeof MEMORY> | undefined {
  if (bytes === undefined) return undefined
  try {
    return MEMORY.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch {
    return undefined
  }
}

function questioned([since, asked]: readonly [number, number]): Questioned {
  return { since, asked }
}
