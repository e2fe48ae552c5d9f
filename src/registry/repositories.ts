import { PortolanError } from '../errors.ts'
import { type Name, parseName, parseTag, type Tag } from '../oci/name.ts'
import { locationOf, questionOf, type RegistryAddress } from './address.ts'
import type { Asker, Document } from './ask.ts'
import { followPages, garbled, PAGE_MAX_BYTES, readPageObject, readStrings } from './pages.ts'
import type { RegistryQuestion } from './question.ts'
import type { ChildListOptions, ListOptions } from './reader.ts'

const REPOSITORIES_MAX = 1_000_000
/** Levels that are asked for at once: a thousand repositories are a thousand requests. */
const LEVELS_AT_ONCE = 8
/** Says that a level is a repository itself. */
const CONTENT = Symbol('content')

/** The tags of a repository; none when there is no such repository. */
export async function* listTags(
  asker: Asker,
  address: RegistryAddress,
  name: Name,
  { onInvalid }: ListOptions = {},
): AsyncGenerator<Tag> {
  const question = questionOf(address, { kind: 'tags', name })
  const first = await asker.read(question, PAGE_MAX_BYTES)
  if (first === undefined) return
  for await (const text of followPages(asker, question, first, readTags)) {
    const tag = parseTag(text)
    if (tag !== undefined) yield tag
    else if (onInvalid !== undefined) onInvalid(text)
    else throw garbled(question, `${echo(text)} is no tag`)
  }
}

function* readTags(document: Document, question: RegistryQuestion): Generator<readonly [string, string]> {
  for (const text of readStrings(readPageObject(document, question), 'tags', question)) yield [text, text]
}

/** The repositories of a registry by its catalog; of those that are not below the prefix nothing is seen. */
export async function* listCatalog(
  asker: Asker,
  address: RegistryAddress,
  options: ListOptions = {},
): AsyncGenerator<Name> {
  const question = questionOf(address, { kind: 'catalog' })
  const first = await asker.read(question, PAGE_MAX_BYTES)
  if (first === undefined) {
    const message = `${locationOf(address)} has no catalog (404)`
    throw new PortolanError('UNREACHABLE', message, { ...question.facts, status: 404 })
  }
  const prefix = address.prefix === '' ? '' : `${address.prefix}/`
  for await (const text of followPages(asker, question, first, readRepositories)) {
    if (!text.startsWith(prefix)) continue
    const name = readName(text.slice(prefix.length), question, options)
    if (name !== undefined) yield name
  }
}

function* readRepositories(
  document: Document,
  question: RegistryQuestion,
): Generator<readonly [string, string]> {
  for (const text of readStrings(readPageObject(document, question), 'repositories', question)) {
    yield [text, text]
  }
}

/**
 * The repositories below the prefix by Google's tag listing, in which `child` names those one level down. One is a
 * repository when it has tags or manifests itself.
 */
export async function* listChildRepositories(
  asker: Asker,
  address: RegistryAddress,
  options: ChildListOptions = {},
): AsyncGenerator<Name> {
  const { mayHold = () => true } = options
  const registry = locationOf(address)
  if (address.prefix === '') {
    const message = `the child repositories of ${registry} can only be listed below a prefix; set the upstream's prefix`
    throw new PortolanError('CONFIG_INVALID', message, { registry })
  }
  let found = 0
  /** Paths below the prefix; the prefix itself is empty. */
  let waiting = ['']
  while (waiting.length > 0) {
    const paths = waiting.slice(0, LEVELS_AT_ONCE)
    waiting = waiting.slice(LEVELS_AT_ONCE)
    const levels = await Promise.all(paths.map((path) => readLevel(asker, address, path, options)))
    for (const [index, { children, hasContent }] of levels.entries()) {
      const path = paths[index]!
      if (hasContent && path !== '') yield path as Name
      found += children.length
      if (found > REPOSITORIES_MAX) {
        const message = `${registry} is refused: it has more than ${REPOSITORIES_MAX} child repositories`
        throw new PortolanError('CONTENT_INVALID', message, { registry })
      }
      waiting.push(...children.filter(mayHold))
    }
  }
}

async function readLevel(
  asker: Asker,
  { url, prefix }: RegistryAddress,
  path: string,
  options: ListOptions,
): Promise<{ children: string[]; hasContent: boolean }> {
  // Names are made of what a page says, one level at a time, and each is checked before it is asked for.
  const name = (path === '' ? prefix : `${prefix}/${path}`) as Name
  const question = questionOf({ url, prefix: '' }, { kind: 'tags', name })
  const first = await asker.read(question, PAGE_MAX_BYTES)
  const level = { children: [] as string[], hasContent: false }
  if (first === undefined) {
    if (path !== '') return level
    const message = `${question.what} are not there (404); check the upstream's prefix`
    throw new PortolanError('UNREACHABLE', message, question.facts)
  }
  for await (const entry of followPages(asker, question, first, readTreePage)) {
    if (entry === CONTENT) level.hasContent = true
    else {
      const child = readName(path === '' ? entry.child : `${path}/${entry.child}`, question, options)
      if (child !== undefined) level.children.push(child)
    }
  }
  return level
}

function* readTreePage(
  document: Document,
  question: RegistryQuestion,
): Generator<readonly [string, { readonly child: string } | typeof CONTENT]> {
  const page = readPageObject(document, question)
  if (!('child' in page)) {
    throw garbled(question, "it names no child repositories, as Google's Artifact Registry does")
  }
  for (const child of readStrings(page, 'child', question)) yield [`child ${child}`, { child }]
  for (const tag of readStrings(page, 'tags', question)) yield [`tag ${tag}`, CONTENT]
  const manifests = Object.keys((page.manifest as object | null | undefined) ?? {})
  if (manifests.length > 0) yield [`manifest ${manifests[0]}`, CONTENT]
}

function readName(text: string, question: RegistryQuestion, { onInvalid }: ListOptions): Name | undefined {
  const name = parseName(text)
  if (name !== undefined) return name
  if (onInvalid === undefined) throw garbled(question, `${echo(text)} is no repository name`)
  onInvalid(text)
  return undefined
}

function echo(text: string): string {
  return JSON.stringify(text.slice(0, 128))
}
