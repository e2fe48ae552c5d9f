import type { Config } from '../config/config.ts'
import { suggestion } from '../config/suggestion.ts'
import type { Target } from '../replication/target.ts'
import type { PlaceWord } from './copy-words.ts'
import { type FilledStore, openTarget, usage } from './sync-parts.ts'

/** The stores of the config that a command line names, opened when they are asked for. */
export class ConfigStores {
  readonly #file: string | undefined
  readonly #opened = new Map<string, Promise<Target>>()
  #config: Promise<Config> | undefined

  constructor(file: string | undefined) {
    this.#file = file
  }

  /** Opens a store that has `fill`. Throws `USAGE` where there is none of that id, and as a config is read. */
  async open({ place, location }: PlaceWord): Promise<{ readonly config: Config; readonly target: Target }> {
    const file = this.#file
    if (file === undefined) throw usage(`${location} is a store of a config: name that with --config FILE`)
    this.#config ??= readSeparate(file)
    const config = await this.#config
    const opening = this.#opened.get(place) ?? openTarget(filledStore(config, place))
    this.#opened.set(place, opening)
    return { config, target: await opening }
  }

  /** Lets go of connections. */
  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values())
    await Promise.all(opened.map((each) => each.status === 'fulfilled' && each.value.objects.close()))
  }
}

function filledStore({ stores }: Config, id: string): FilledStore {
  const filled = stores.filter((store): store is FilledStore => store.fill !== undefined)
  const found = filled.find((store) => store.id === id)
  if (found !== undefined) return found
  const ids = filled.map((store) => store.id)
  const isThere = stores.some((store) => store.id === id)
  const because = isThere ? 'has no "fill", which says how it is written to' : 'is no store of the config'
  throw usage(
    `store:${id} ${because}${suggestion(id, ids)}; with "fill" there are ${ids.join(', ') || 'none'}`,
  )
}

async function readSeparate(file: string): Promise<Config> {
  const [{ nameOf, readConfig }, { requireSeparatePlaces }] = await Promise.all([
    import('./read-config.ts'),
    import('./check-real-places.ts'),
  ])
  const config = await readConfig(file)
  await requireSeparatePlaces(config, nameOf(file))
  return config
}
