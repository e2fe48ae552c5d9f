import { GenerationalCache } from '../../internal/generational-cache.ts'
import { examineText } from '../examine.ts'
import type { Found } from '../found.ts'
import type { RegistryMap } from '../map.ts'
import type { CustomObject } from './custom-object.ts'
import { distinct, isOfMap, withoutPlace } from './placeless.ts'

/** What a custom resource says of the names of a map. */
export interface CustomReading {
  /** Each belongs to its place within the object, such as `spec.image`. */
  readonly found: readonly Found[]
  /** How many names of the map are in it in a way that was not understood. */
  readonly mentions: number
  /** Why not all of it was read. */
  readonly unread?: string
}

const NOTHING: CustomReading = { found: [], mentions: 0 }
/** As for files. Objects are of 1.5 MiB at most in a cluster whose etcd has its own bounds. */
const CHARACTERS_MAX = 8 * 1024 * 1024
/** What is made of one template says the same but for its name. */
const REMEMBERED_MAX = 1024
const REMEMBERED_CHARACTERS_MAX = 16 * 1024

/** Finds the references of custom resources that a map has something to say about, as it does in manifests. */
export class CustomReferences {
  readonly #map: RegistryMap
  readonly #known = new GenerationalCache<string, CustomReading>(REMEMBERED_MAX)

  constructor(map: RegistryMap) {
    this.#map = map
  }

  find({ kind, content }: CustomObject): CustomReading {
    const short = toJson(content)
    if (short === undefined) return { ...NOTHING, unread: 'it is nested too deeply' }
    const lowerCase = short.toLowerCase()
    if (!this.#map.hints.some((hint) => lowerCase.includes(hint))) return NOTHING
    const known = this.#known.get(short)
    if (known !== undefined) return known
    if (short.length > CHARACTERS_MAX)
      return {
        ...NOTHING,
        unread: `it is longer than ${CHARACTERS_MAX} characters, and names a host of the map`,
      }
    // On lines of its own the API is told as that of Cluster API, of kOps, of any other.
    const reading = this.#examine(kind, toJson(content, 1) ?? short)
    if (short.length <= REMEMBERED_CHARACTERS_MAX) this.#known.set(short, reading)
    return reading
  }

  #examine(kind: string, text: string): CustomReading {
    const { found, mentions, unread } = examineText({ path: 'object.json', text }, { map: this.#map })
    return {
      found: distinct(
        found
          .filter((one) => isOfMap(one, this.#map))
          .map(withoutPlace)
          .map((one) => ({ ...one, owner: within(kind, one.owner) })),
      ),
      mentions: mentions?.count ?? 0,
      ...(unread[0] && { unread: unread[0].reason }),
    }
  }
}

/** `Prometheus spec.image` is `spec.image` within a Prometheus. */
function within(kind: string, owner: string): string {
  return owner.startsWith(`${kind} `) ? owner.slice(kind.length + 1) : owner
}

/** `undefined` for what is nested deeper than can be written. */
function toJson(value: unknown, indent?: number): string | undefined {
  try {
    return JSON.stringify(value, null, indent)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
