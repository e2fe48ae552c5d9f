import type { YAMLMap } from 'yaml'
import { isMap, isSeq } from 'yaml'
import type { Bases, Confidence, Format, Found, KubeadmDns, Part } from '../found.ts'
import { relocate } from '../inner-text.ts'
import { innerTextOf, isStringScalar, type StringScalar, type YamlDocument } from '../yaml/yaml-document.ts'
import { underName } from './guard.ts'
import { namesImage, namesRegistry } from './names.ts'
import { readSetting } from './settings.ts'
import { isRegistry, readReference, type Surroundings } from './written-reference.ts'

/** What a reference is reported with. */
export interface Belonging {
  readonly format: Format
  readonly owner: string
  readonly confidence: Confidence
  readonly dns?: KubeadmDns
  readonly follows?: Bases
}

/** What a repository may be written with, a tag or a digest behind it included. */
const REPOSITORY = /^[A-Za-z0-9._/:@-]{1,512}$/
/** `--flag=value`, or a flag whose value is the next word. */
const FLAG = /^--?([A-Za-z][\w.-]*)(?:=(.*))?$/s
/** `NAME=value`, as in kustomize's literals. */
const SETTING = /^([A-Za-z_][\w.-]*)=(.+)$/s

/** Gathers the references of one YAML document, each value once however many aliases lead to it. */
export class YamlCollector {
  readonly found: Found[] = []
  readonly document: YamlDocument
  readonly #text: string
  readonly #seen = new Set<string>()

  constructor(text: string, document: YamlDocument) {
    this.#text = text
    this.document = document
  }

  /** Takes a string that is a reference, or one with variables in it. */
  addWhole(node: unknown, belonging: Belonging, surroundings: Surroundings = {}): void {
    const scalar = this.document.resolve(node)
    if (!isStringScalar(scalar)) return
    const inner = innerTextOf(this.#text, scalar)
    const end = inner.value.trimEnd().length
    const parts = readReference(inner.value, { start: 0, end }, surroundings)
    if (parts !== undefined) this.add(relocate(parts, inner), belonging)
  }

  /** Takes a string that names a registry, or one with the beginning of a path; `tag` is of what is pulled from it. */
  addRegistry(node: unknown, belonging: Belonging, tag?: unknown): void {
    const scalar = this.document.resolve(node)
    if (!isStringScalar(scalar)) return
    const inner = innerTextOf(this.#text, scalar)
    const parts = readReference(
      inner.value,
      { start: 0, end: inner.value.trimEnd().length },
      { registry: true },
    )
    const tagged = this.#partOf(tag)
    if (parts !== undefined)
      this.add({ ...relocate(parts, inner), ...(tagged && { tag: tagged }) }, belonging)
  }

  /** Takes the value of a setting, such as a variable of an environment, by its name. */
  addSetting(name: string, node: unknown, belonging: Belonging): void {
    const scalar = this.document.resolve(node)
    if (!isStringScalar(scalar) || !(namesImage(name) || namesRegistry(name))) return
    const inner = innerTextOf(this.#text, scalar)
    const parts = readSetting(inner.value, { start: 0, end: inner.value.trimEnd().length }, name)
    if (parts !== undefined) this.add(relocate(parts, inner), belonging, name)
  }

  /** Takes the words of a command: `--pause-image=REFERENCE`, or the flag and the reference as two words. */
  addWords(node: unknown, belonging: Belonging): void {
    const words = this.document.resolve(node)
    if (!isSeq(words)) return
    let flag: string | undefined
    for (const item of words.items) {
      const scalar = this.document.resolve(item)
      if (!isStringScalar(scalar)) {
        flag = undefined
        continue
      }
      const match = FLAG.exec(scalar.value) ?? SETTING.exec(scalar.value)
      if (match?.[2] !== undefined) this.#addAfter(scalar, match[1]!, match[2], belonging)
      else if (flag !== undefined && match === null) this.addSetting(flag, scalar, belonging)
      flag = match?.[1]
    }
  }

  /** Takes a map of the environment, or a list of names with values. */
  addEnvironment(node: unknown, belonging: Belonging): void {
    const list = this.document.resolve(node)
    if (!isSeq(list)) return
    for (const item of list.items) {
      const entry = this.document.resolve(item)
      if (isMap(entry)) this.addNamedValue(entry, belonging)
    }
  }

  /** Takes a map `{name, value}`. */
  addNamedValue(entry: YAMLMap, belonging: Belonging): void {
    const name = this.document.getString(entry, 'name')?.value
    const value = this.document.getString(entry, 'value')
    if (name === undefined || value === undefined) return
    this.addSetting(name, value, { ...belonging, owner: `${belonging.owner} ${name}` })
  }

  /**
   * Takes a reference whose parts are strings of their own. A repository that names a registry alone is taken for one;
   * one with its tag behind it is whole; one of a single word counts where it is an image for certain (`hostless`).
   */
  addSplit(
    nodes: { registry?: unknown; repository?: unknown; tag?: unknown; digest?: unknown },
    belonging: Belonging,
    { hostless = false }: Pick<Surroundings, 'hostless'> = {},
  ): void {
    const [registry, repository] = [this.#partOf(nodes.registry), this.#partOf(nodes.repository)]
    if (repository === undefined) {
      if (registry !== undefined) this.addRegistry(nodes.registry, belonging)
      return
    }
    if (registry === undefined) {
      const value = repository.value.replace(/\/$/, '')
      if (!value.includes('/') && (isRegistry(value) || !(hostless || value.includes(':')))) {
        this.addRegistry(nodes.repository, belonging)
        return
      }
      if (/[:@]/.test(value.slice(value.lastIndexOf('/') + 1)) || /[{$]/.test(value)) {
        this.addWhole(nodes.repository, belonging, { hostless: belonging.confidence === 'certain' })
        return
      }
    } else if (!isRegistry(registry.value.replace(/\/$/, '')) || /[{$]/.test(repository.value)) {
      this.addRegistry(nodes.registry, belonging)
      return
    }
    if (!REPOSITORY.test(repository.value)) return
    const [name, innerTag, innerDigest] = cut(repository)
    const tag = innerTag ?? this.#partOf(nodes.tag)
    const digest = innerDigest ?? this.#partOf(nodes.digest)
    const parts = {
      ...(registry && { registry }),
      repository: name,
      ...(tag && /^\w[\w.-]*$/.test(tag.value) && { tag }),
      ...(digest && /^sha\d+:[a-f0-9]+$/.test(digest.value) && { digest }),
    }
    this.add(parts, belonging)
  }

  /** `name` is that of the setting that it is the value of. */
  add(parts: Found['parts'], belonging: Belonging, name = ''): void {
    const key = Object.values(parts)
      .map(({ span, value }: Part) => `${span.start}-${span.end}-${value}`)
      .join()
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.found.push(underName({ parts, ...belonging }, name))
  }

  #addAfter(scalar: StringScalar, name: string, value: string, belonging: Belonging): void {
    if (!namesImage(name) && !namesRegistry(name)) return
    const inner = innerTextOf(this.#text, scalar)
    const start = inner.value.length - value.length
    const parts = readSetting(inner.value, { start, end: inner.value.trimEnd().length }, name)
    if (parts !== undefined) this.add(relocate(parts, inner), belonging, name)
  }

  #partOf(node: unknown): Part | undefined {
    const scalar = this.document.resolve(node)
    if (!isStringScalar(scalar) || scalar.value === '') return undefined
    const inner = innerTextOf(this.#text, scalar)
    const value = inner.value.trim()
    const start = inner.value.indexOf(value)
    const span = inner.locate({ start, end: start + value.length })
    return span === undefined ? { span: inner.span, value, escaped: true } : { span, value }
  }
}

/** A repository that has its tag or its digest behind it, in its parts. */
function cut(part: Part): readonly [Part, (Part | undefined)?, (Part | undefined)?] {
  const match = /^([^:@]+)(:[\w.-]+)?(@.+)?$/.exec(part.value)
  if (part.escaped || match === null) return [part]
  const [, name, tag = '', digest = ''] = match as unknown as [string, string, string?, string?]
  const piece = (from: number, value: string): Part => {
    const start = part.span.start + from
    return { span: { start, end: start + value.length }, value }
  }
  return [
    piece(0, name),
    tag === '' ? undefined : piece(name.length + 1, tag.slice(1)),
    digest === '' ? undefined : piece(name.length + tag.length + 1, digest.slice(1)),
  ]
}
