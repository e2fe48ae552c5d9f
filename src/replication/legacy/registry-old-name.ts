import { Semaphore } from '../../internal/semaphore.ts'
import type { Name } from '../../oci/name.ts'
import type { RepositoryReader } from '../../registry/reader.ts'
import { collect, MAX_REPOSITORIES } from '../collect.ts'
import { Questions } from './asked-repository.ts'
import { emptyRepository } from './empty-repository.ts'
import type { OldName } from './old-name.ts'
import { readOldRepository } from './read-old-repository.ts'

/** A registry, or a place with images, in which the content of an old name lies. */
export interface OldPlace {
  readonly location: string
  /** Whether somebody has named its repositories, rather than the place itself. */
  readonly isNamed?: boolean
  /** The names of its repositories as clients of the old name use them. */
  names(onInvalid: (entry: string) => void): Iterable<Name> | AsyncIterable<Name>
  repository(name: Name): RepositoryReader | undefined | Promise<RepositoryReader | undefined>
}

const QUESTIONS_AT_ONCE = 16

/** An old name by what lies where it comes from; `listed` is when that is read, ISO 8601. */
export function registryOldName(place: OldPlace, listed: string, signal: AbortSignal): OldName {
  const parts = { questions: new Questions(signal), places: new Semaphore(QUESTIONS_AT_ONCE) }
  return {
    listedFrom: place.location,
    listed,
    ...(place.isNamed && { isNamed: true }),
    names: () => collect((onInvalid) => place.names(onInvalid), MAX_REPOSITORIES),
    read: async (name) =>
      readOldRepository(name, (await place.repository(name)) ?? emptyRepository(place.location), parts),
  }
}
