import { isCollection, isMap, type Node, type YAMLMap, type YAMLSeq } from 'yaml'
import type { Confidence, Format } from '../found.ts'
import { entriesOf, isStringScalar, type YamlDocument } from '../yaml/yaml-document.ts'
import { collectImageKeys, holdsImages } from './image-keys.ts'
import { collectKubeadm } from './kubeadm.ts'
import { collectForeignOverride, collectKustomization, FOREIGN } from './kustomize.ts'
import { YamlCollector } from './yaml-collector.ts'
import { createYamlFinder } from './yaml-finder.ts'
import type { YamlRules } from './yaml-rules.ts'

/** Lists of containers, wherever a pod template may be, and how their owner is told apart. */
const CONTAINERS: Readonly<Record<string, string>> = {
  containers: 'container',
  initContainers: 'init container',
  ephemeralContainers: 'ephemeral container',
}
/** Maps and lists are followed so deep. */
const DEPTH_MAX = 100

/** Where a walk is: what its finds belong to. */
interface Context {
  readonly format: Format
  /** `Deployment/web`; '' before any. */
  readonly object: string
  /** The keys from the object down, such as `spec.image`. */
  readonly path: string
  /** The last key. */
  readonly key: string
  readonly depth: number
  /** The API of the object, such as `kubeadm.k8s.io/v1beta3`. */
  readonly apiVersion: string
  /** The Kubernetes version that the object is for, where it says so. */
  readonly version?: string
  /** In a chart's values every image key is one that the chart pulls by. */
  readonly confidence: Confidence
  readonly registry?: Node | undefined
}

/**
 * Finds references in manifests, YAML or JSON: wherever a pod template is, whatever kind holds it; by the names of keys
 * elsewhere, as in custom resources; in commands, arguments and environments. Documents of kubeadm and kustomize between
 * them are read as what they are.
 */
export const findKubernetes = createYamlFinder({
  format: 'kubernetes',
  collect: collectManifest('kubernetes'),
})

/** Finds what kubeadm's config names; other documents of the text are read as manifests. */
export const findKubeadm = createYamlFinder({ format: 'kubeadm', collect: collectManifest('kubernetes') })

/** Finds references in the values of a chart, subcharts' ones and `global.imageRegistry` among them. */
export const findHelmValues = createYamlFinder({
  format: 'helm-values',
  collect: collectManifest('helm-values', 'certain'),
})

/** Finds references in a chart's templates. */
export const findHelmTemplate = createYamlFinder({
  format: 'helm-template',
  collect: collectManifest('helm-template'),
})

/** Finds the images of a kustomization, and those in its patches. */
export const findKustomize = createYamlFinder({ format: 'kustomize', collect: collectManifest('kustomize') })

/** Makes a collector of what is more than one string in manifests, or is named better than by its keys. */
export function collectManifest(
  format: Format,
  confidence: Confidence = 'likely',
): NonNullable<YamlRules['collect']> {
  return (text, document, path) => {
    const collector = new YamlCollector(text, document)
    const registry = format === 'helm-values' ? globalRegistry(document) : undefined
    const top = document.resolve(document.contents)
    if (isCollection(top))
      new Walk(collector).visit(top, {
        ...{ format, confidence, registry, object: '', apiVersion: '', depth: 0 },
        ...{ path: path.filter((key) => key !== '[]').join('.'), key: keyOf(path) },
      })
    return collector.found
  }
}

/** The last key of a path; what is in its list has `[]` behind it. */
function keyOf(path: readonly string[]): string {
  const last = path.at(-1) ?? ''
  return last === '[]' ? `${path.findLast((key) => key !== '[]') ?? ''}[]` : last
}

/** Whether a map is kubeadm's, or one of the two in it that name registries; Cluster API carries it in resources. */
function isClusterConfiguration({ format, path }: Context): boolean {
  const pattern =
    format === 'kubeadm' ? /^(?:dns|etcd\.local)?$/ : /(?:^|\.)clusterConfiguration(?:\.dns|\.etcd\.local)?$/
  return pattern.test(path)
}

/** Whether it is an override of Flux's own `Kustomization`. */
function isFlux({ apiVersion, key }: Context): boolean {
  return key === 'images[]' && apiVersion.startsWith('kustomize.toolkit.fluxcd.io/')
}

/** The registry that charts by the usual convention put before every image. */
function globalRegistry(document: YamlDocument): Node | undefined {
  const { contents } = document
  const global = isMap(contents) ? document.get(contents, 'global') : undefined
  const registry = isMap(global) ? document.getString(global, 'imageRegistry') : undefined
  return registry?.value ? registry : undefined
}

class Walk {
  readonly #collector: YamlCollector
  readonly #document: YamlDocument
  /** An aliased map or list is walked once for each key that it stands under: aliases of aliases could be billions. */
  readonly #walked = new Map<Node, Set<string>>()

  constructor(collector: YamlCollector) {
    this.#collector = collector
    this.#document = collector.document
  }

  visit(node: YAMLMap | YAMLSeq, context: Context): void {
    if (context.depth > DEPTH_MAX || !this.#isFirst(node, context.key)) return
    if (isMap(node)) this.#visitMap(node, context)
    else this.#visitSeq(node, context)
  }

  #visitMap(map: YAMLMap, outer: Context): void {
    const context = this.#enter(map, outer)
    if (/^$|clusterConfiguration$/.test(context.path) && isClusterConfiguration(context)) {
      collectKubeadm(this.#collector, map, context.object, {
        api: context.apiVersion,
        ...(context.version !== undefined && { version: context.version }),
      })
    }
    if (context.format === 'kustomize' && context.path === '') collectKustomization(this.#collector, map)
    this.#collectHere(map, context)
    for (const { key, value } of entriesOf(map)) {
      if (key === '<<' || (context.format === 'kustomize' && context.path === '' && key === 'images'))
        continue
      const node = this.#document.resolve(value)
      if (!isCollection(node)) continue
      this.visit(node, {
        ...context,
        key,
        path: context.path === '' ? key : `${context.path}.${key}`,
        depth: context.depth + 1,
      })
    }
  }

  /** An object within another, as in a List, is what is in it belongs to. */
  #enter(map: YAMLMap, context: Context): Context {
    const text = (key: string) => this.#document.getString(map, key)?.value
    const [kind, apiVersion] = [text('kind'), text('apiVersion') ?? '']
    if (kind === undefined || (apiVersion === '' && !this.#document.get(map, 'metadata'))) return context
    // A chart's values may have keys of these names somewhere; a file that begins with them is a manifest.
    if (context.format === 'helm-values' && context.path !== '') return context
    const metadata = this.#document.get(map, 'metadata')
    const name = isMap(metadata)
      ? (this.#document.getString(metadata, 'name') ?? this.#document.getString(metadata, 'generateName'))
          ?.value
      : undefined
    const format = apiVersion.startsWith('kubeadm.k8s.io/')
      ? 'kubeadm'
      : apiVersion.startsWith('kustomize.config.k8s.io/')
        ? 'kustomize'
        : 'kubernetes'
    const object = name === undefined ? kind : `${kind}/${name}`
    const { version: _, ...outer } = context
    const spec = this.#document.get(map, 'spec')
    const version =
      isMap(spec) && /cluster\.x-k8s\.io\//.test(apiVersion)
        ? this.#document.getString(spec, 'version')?.value
        : undefined
    return {
      ...outer,
      ...{ format, object, apiVersion, path: '', key: '', confidence: 'likely' },
      ...(version !== undefined && { version }),
    }
  }

  #collectHere(map: YAMLMap, context: Context): void {
    const { format, object, path, key, confidence, registry } = context
    const owner = (suffix: string) => [object, suffix].filter((part) => part !== '').join(' ')
    const certain = { format, confidence: 'certain' } as const
    const role = CONTAINERS[key.replace(/\[\]$/, '')]
    const name = this.#document.getString(map, 'name')?.value
    if (role !== undefined && key.endsWith('[]')) {
      const belonging = { ...certain, owner: owner(`${role}${name === undefined ? '' : ` ${name}`}`) }
      this.#collector.addWhole(this.#document.get(map, 'image'), belonging, { hostless: true })
      this.#collector.addWords(this.#document.get(map, 'command'), belonging)
      this.#collector.addWords(this.#document.get(map, 'args'), belonging)
      this.#collector.addEnvironment(this.#document.get(map, 'env'), belonging)
    } else if (key === 'volumes[]') {
      // A volume that is an image (KEP-4639).
      const image = this.#document.get(map, 'image')
      if (isMap(image)) {
        const belonging = { ...certain, owner: owner(`volume${name === undefined ? '' : ` ${name}`}`) }
        this.#collector.addWhole(this.#document.get(image, 'reference'), belonging, { hostless: true })
      }
    }
    const isOverride = key.endsWith('[]') || key === 'imageTag'
    const isSure = /(?:^|\.)kustomize\.images\[\d+\]$/.test(path) || isFlux(context)
    if (isOverride && collectForeignOverride(this.#collector, map, { format, owner: owner(path) }, isSure))
      return
    const rest = { format, confidence }
    // One patch of RFC 6902: `{op, path: /spec/…/image, value}`.
    const target = this.#document.getString(map, 'path')?.value
    if (target !== undefined && this.#document.get(map, 'op')) {
      this.#collector.addSetting(
        target.slice(target.lastIndexOf('/') + 1),
        this.#document.get(map, 'value'),
        {
          ...rest,
          owner: owner(`patch of ${target}`),
        },
      )
    }
    if (name !== undefined && key !== 'images[]')
      this.#collector.addNamedValue(map, { ...rest, owner: owner(path) })
    // What kubeadm reads as registries is none of images here.
    if (isClusterConfiguration(context)) return
    const values = format === 'helm-values'
    collectImageKeys(
      this.#collector,
      map,
      { parent: key.replace(/\[\]$/, ''), path, ...(registry && { fallback: registry }) },
      { ...rest, owner: (suffix) => (values ? `value ${suffix}` : owner(suffix)) },
    )
  }

  #visitSeq(list: YAMLSeq, context: Context): void {
    const { format, confidence, path, key, object } = context
    const owner = [object, path].filter((part) => part !== '').join(' ')
    if (/^(?:args|command|extraArgs|literals)$/.test(key)) {
      this.#collector.addWords(list, { format, confidence, owner })
    }
    for (const [index, item] of list.items.entries()) {
      const node = this.#document.resolve(item)
      // `NAME:TAG` of kustomize, as Argo CD has it, is for what is called NAME already.
      const follows = /(?:^|\.)kustomize\.images$/.test(path) ? { follows: FOREIGN } : {}
      if (isStringScalar(node) && holdsImages(key))
        this.#collector.addWhole(node, { format, confidence, owner, ...follows })
      if (!isCollection(node)) continue
      this.visit(node, { ...context, key: `${key}[]`, path: `${path}[${index}]`, depth: context.depth + 1 })
    }
  }

  #isFirst(node: Node, key: string): boolean {
    const keys = this.#walked.get(node)
    if (keys === undefined) this.#walked.set(node, new Set([key]))
    else if (keys.has(key) || keys.size > 8) return false
    else keys.add(key)
    return true
  }
}
