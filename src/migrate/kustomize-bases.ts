import { changeOf } from './change.ts'
import { readReferences } from './find.ts'
import { kustomizationResources } from './finders/kustomize.ts'
import type { Followed } from './findings.ts'
import type { Found } from './found.ts'
import type { RegistryMap } from './map.ts'
import { nameOf } from './name.ts'
import { joinPath } from './prefix-match.ts'

/** Gives the text of a file that is looked at too; `undefined` for what is not among the paths, or is not there. */
export type ReadBeside = (path: string) => string | undefined

const REMOTE = /^(?:https?:\/\/|git@|git::|ssh:\/\/|github\.com\/)|[?&]ref=|^(?:helmChart|generators$)/
const FILES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization']
const KEPT = 'its bases keep this name, since they have to be changed by hand: change it together with them'
const DEPTH_MAX = 16

/** What the resources of a kustomization say: each name with what it becomes, and what could not be seen. */
interface Said {
  readonly names: ReadonlyMap<string, ReadonlySet<string>>
  readonly unseen: readonly string[]
}

/**
 * Says what names in kustomizations have to become, so that they go on matching what their bases say: the `images` of
 * kustomize change nothing whose name does not match.
 */
export class KustomizeBases {
  readonly #read: ReadBeside
  readonly #map: RegistryMap
  readonly #known = new Map<string, Said>()

  constructor(read: ReadBeside, map: RegistryMap) {
    this.#read = read
    this.#map = map
  }

  /** For a name that was found in the kustomization of this path. */
  follow(path: string, found: Found): Followed {
    const resources = found.follows?.resources ?? []
    const { names, unseen } = this.#saidIn(folderOf(path), resources, 0)
    if (unseen.length > 0) {
      const note = `it has to be what its bases say, and ${unseen.join(', ')} is not among the paths: change it together with that`
      return { note }
    }
    // A base may have its new name already, such as one that was written just before.
    const young = new Set([
      ...(names.get(nameOf(found)?.path ?? '') ?? []),
      ...this.#namesFor(found).filter((name) => names.has(name)),
    ])
    if (young.size === 0) return { note: 'none of its bases names it: it changes nothing as it is' }
    const [name, ...others] = young
    if (name === nameOf(found)?.path) return { note: KEPT }
    return name === undefined || others.length > 0
      ? {
          note: `its bases say it in several ways that become ${[...young].join(' and ')}: change it by hand`,
        }
      : { name }
  }

  /** The new names that it may have, by version and without. */
  #namesFor(found: Found): string[] {
    const name = nameOf(found)
    if (name === undefined) return []
    const { path, tag } = name
    const judgements = [
      this.#map.judge({ path }),
      this.#map.judge({ path, ...(tag !== undefined && { tag }) }),
    ]
    return judgements.flatMap((one) => [one?.to?.path, one?.kept]).filter((one) => one !== undefined)
  }

  #saidIn(folder: string, resources: readonly string[], depth: number): Said {
    const key = `${folder}\0${resources.join('\0')}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    // A circle ends here.
    this.#known.set(key, { names: new Map(), unseen: [] })
    const names = new Map<string, Set<string>>()
    const unseen: string[] = []
    for (const resource of resources) {
      const said =
        REMOTE.test(resource) || depth > DEPTH_MAX ? undefined : this.#saidBy(folder, resource, depth)
      if (said === undefined) unseen.push(resource)
      else merge(names, unseen, said)
    }
    const all = { names, unseen }
    this.#known.set(key, all)
    return all
  }

  #saidBy(folder: string, resource: string, depth: number): Said | undefined {
    const path = resolve(folder, resource)
    for (const file of [path, ...FILES.map((name) => joinPath(path, name))]) {
      const text = this.#read(file)
      if (text === undefined) continue
      const { found } = readReferences({ path: file, text })
      const names = new Map<string, Set<string>>()
      for (const one of found) if (one.follows === undefined) add(names, ...this.#becomes(one))
      if (!FILES.includes(file.slice(file.lastIndexOf('/') + 1))) return { names, unseen: [] }
      const said = this.#saidIn(folderOf(file), resourcesOf(found, text), depth + 1)
      const unseen: string[] = []
      merge(names, unseen, said)
      return { names, unseen }
    }
    return undefined
  }

  #becomes(found: Found): [string, string] {
    const name = nameOf(found)
    const judgement = name && this.#map.judge(name)
    const path = name?.path ?? ''
    if (name === undefined || judgement?.to === undefined) return [path, path]
    // What no edit changes keeps its name.
    const stays =
      found.fixed !== undefined ||
      found.guard !== undefined ||
      changeOf(found, name, judgement, this.#map).edits.length === 0
    return [path, stays ? path : judgement.to.path]
  }
}

function merge(names: Map<string, Set<string>>, unseen: string[], said: Said): void {
  for (const [old, young] of said.names) for (const name of young) add(names, old, name)
  unseen.push(...said.unseen)
}

function add(names: Map<string, Set<string>>, old: string, young: string): void {
  names.set(old, (names.get(old) ?? new Set()).add(young))
}

/** Those of a kustomization without images are read here, since nothing was found that says them. */
function resourcesOf(found: readonly Found[], text: string): readonly string[] {
  const follows = found.find((one) => one.follows !== undefined)?.follows
  return follows?.resources ?? kustomizationResources(text)
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '' : path.slice(0, slash) || '/'
}

/** A path from a folder, `.` and `..` followed. */
function resolve(folder: string, path: string): string {
  const parts = path.startsWith('/') ? [] : folder.split('/').filter((part) => part !== '' && part !== '.')
  for (const part of path.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return (folder.startsWith('/') || path.startsWith('/') ? '/' : '') + parts.join('/')
}
