import { PortolanError } from '../../errors.ts'
import { Semaphore } from '../../internal/semaphore.ts'
import type { LegacyFinding, LegacyList, LegacyRepository } from '../../legacy/legacy-list.ts'
import type { Name } from '../../oci/name.ts'
import { compareTags } from '../../oci/tag-order.ts'
import type { RepositoryReader } from '../../registry/reader.ts'
import { invalidEntries } from '../collect.ts'
import { faultOf } from '../walk-repository.ts'
import { Questions } from './asked-repository.ts'
import { emptyRepository } from './empty-repository.ts'
import type { Exceptions } from './exceptions.ts'
import { Findings } from './findings.ts'
import type { OldName, OldRepository, ReadOldRepository } from './old-name.ts'
import { RepositoryProof } from './repository-proof.ts'

/** The registry that takes the place of an old name, under the names that clients use. */
export interface NewName {
  readonly location: string
  /** `undefined` where it is known that there is none. */
  repository(name: Name): RepositoryReader | undefined | Promise<RepositoryReader | undefined>
}

export interface LegacyCheckOptions {
  /** The old name. */
  readonly host: string
  /** When this check has begun, ISO 8601. */
  readonly began: string
  readonly exceptions: Exceptions
  /** Whether blobs are asked for. */
  readonly blobs: boolean
  readonly signal: AbortSignal
  readonly report?: (event: LegacyCheckEvent) => void
}

/** What a check tells while it is under way. */
export type LegacyCheckEvent =
  | ({
      readonly kind: 'legacy'
      readonly done: number
      readonly total: number
    } & Pick<LegacyList['counts'], 'tags' | 'manifests' | 'blobs' | 'referrers'>)
  | { readonly kind: 'warning'; readonly message: string }

/** What a check has found. */
export interface LegacyCheck {
  /** What the old name has, as far as it is known, and how that stands. */
  readonly list: LegacyList
  /** Why the old name may have more than the list says; it is whole when there is nothing. */
  readonly incomplete: readonly PortolanError[]
  /** The first of what was accepted. */
  readonly excepted: readonly LegacyFinding[]
}

const REPOSITORIES_AT_ONCE = 4
const QUESTIONS_AT_ONCE = 16
/** A registry may have very many repositories that were emptied. */
const WARNINGS_MAX = 100

/**
 * Proves that a new name has all that an old one has: each tag with an equal digest, each manifest that it leads to, each
 * blob of these, and what refers to them, on a list by which clients find it. Rejects with the reason of an aborted signal;
 * what the registries do not say is among the findings, or a reason why the list is incomplete.
 */
export async function checkLegacy(
  old: OldName,
  next: NewName,
  options: LegacyCheckOptions,
): Promise<LegacyCheck> {
  const { signal, exceptions, report = () => {} } = options
  const findings = new Findings(exceptions)
  const questions = new Questions(signal)
  const places = new Semaphore(QUESTIONS_AT_ONCE)
  let warnings = 0
  const warn = (message: string) => {
    if (++warnings <= WARNINGS_MAX) report({ kind: 'warning', message })
  }
  const names = await old.names()
  for (const message of invalidEntries('the list of repositories', names)) warn(message)
  const incomplete = names.fault === undefined ? [] : [faultOf('repositories', names.fault)]
  let done = 0
  const tell = () => {
    const { tags, manifests, blobs, referrers } = findings.counts
    report({ kind: 'legacy', done, total: names.values.length, tags, manifests, blobs, referrers })
  }
  const checkOne = async (name: Name) => {
    signal.throwIfAborted()
    const read = await old.read(name)
    read.warnings.forEach(warn)
    for (const fault of read.incomplete) incomplete.push(fault)
    noteFaults(read, findings)
    if (read.tags.size > 0) {
      findings.count('repositories', 1)
      const repository = (await next.repository(name)) ?? emptyRepository(next.location)
      const parts = { findings, questions, places, blobs: options.blobs, report: tell }
      await new RepositoryProof(read, repository, parts).prove()
    } else if (read.incomplete.length === 0) {
      const message = `${name} has no tags at ${old.listedFrom}`
      // A registry lists what was emptied, too; whoever names a repository knows of one.
      if (old.isNamed) incomplete.push(new PortolanError('CONTENT_INVALID', message))
      else warn(message)
    }
    done++
    tell()
    return [name, listed(read)] as const
  }
  const read = await new Semaphore(REPOSITORIES_AT_ONCE).map([...new Set(names.values)].sort(), checkOne)
  // What could not be asked any more is no fault of a registry.
  signal.throwIfAborted()
  const repositories = read.filter(([, { tags }]) => Object.keys(tags).length > 0)
  if (repositories.length === 0 && incomplete.length === 0) incomplete.push(nothingListed(old.listedFrom))
  if (questions.skipped > 0) findings.noteSkipped(next.location, questions.skipped)
  for (const pattern of exceptions.idle) {
    report({ kind: 'warning', message: `--except ${JSON.stringify(pattern)} accepts nothing` })
  }
  if (warnings > WARNINGS_MAX) {
    report({ kind: 'warning', message: `${warnings - WARNINGS_MAX} more warnings are left out` })
  }
  const { host, began } = options
  const list: LegacyList = {
    version: 1,
    ...{ host, listedFrom: old.listedFrom, listed: old.listed },
    ...{ successor: next.location, checked: began },
    ...{ counts: { ...findings.counts }, findings: findings.first },
    repositories: Object.fromEntries(repositories) as LegacyList['repositories'],
  }
  return { list, incomplete, excepted: findings.excepted }
}

/** What could not be read at the old name, the new one may lack without anybody knowing. */
function noteFaults({ name, faults }: ReadOldRepository, findings: Findings): void {
  for (const { code, message } of faults) {
    const image = /^[^\s@]+:[^\s:]+(?=: )/.exec(message)?.[0] ?? name
    const finding = {
      kind: 'unknown',
      what: 'manifest',
      image,
      message: `at the old name: ${message}`,
    } as const
    findings.add(finding, { holders: () => [], lasting: code === 'CONTENT_INVALID' })
  }
}

function listed({ tags, referrers, lacks }: OldRepository): LegacyRepository {
  const sorted = [...tags].sort(([one], [other]) => compareTags(one, other))
  return {
    // Not by assignment: a tag may be called `__proto__`.
    tags: Object.fromEntries(sorted),
    ...(referrers.size > 0 && { referrers: Object.fromEntries(referrers) }),
    ...(lacks.size > 0 && { lacks: [...lacks] }),
  }
}

function nothingListed(location: string): PortolanError {
  const message = `${location} lists nothing at all: a registry that wants a login may answer so`
  return new PortolanError('UNREACHABLE', message, { empty: true })
}

/** Whether the list of an old name is incomplete since there is nothing on it. */
export function isEmptyListing({ facts }: PortolanError): boolean {
  return facts.empty === true
}
