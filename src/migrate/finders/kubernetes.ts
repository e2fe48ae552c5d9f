import { isMap, isSeq, type Node, type YAMLMap, type YAMLSeq } from 'yaml'
import type { Confidence, Finder, Format, Found } from '../found.ts'
import {
  createDocument,
  entriesOf,
  isStringScalar,
  type StringScalar,
  visitYaml,
  type YamlDocument,
} from '../yaml-source.ts'
import { findHelmTemplate } from './helm-template.ts'
import { collectImageKeys, holdsImages } from './image-keys.ts'
import { collectKubeadm } from './kubeadm.ts'
import { collectKustomization } from './kustomize.ts'
import { inOrder, YamlCollector } from './yaml-collector.ts'

/** Lists of containers, wherever a pod template may be, and how their owner is told apart. */
const CONTAINERS: Readonly<Record<string, string>> = {
  containers: 'container',
  initContainers: 'init container',
  ephemeralContainers: 'ephemeral container',
}
/** Strings in which custom resources carry values of a chart: Argo CD's and k3s's. */
const VALUES_KEYS = ['values', 'valuesContent']
/** Maps, lists and texts within texts are followed so deep. */
const DEPTH_MAX = 100
const TEXTS_MAX = 3

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
  /** How many texts this one is within. */
  readonly texts: number
  /** In a chart's values every image key is one that the chart pulls by. */
  readonly confidence: Confidence
  readonly registry?: Node | undefined
}

/**
 * Finds references in manifests, YAML or JSON: wherever a pod template is, whatever kind holds it; by the names of keys
 * elsewhere, as in custom resources; in commands, arguments and environments; in what ConfigMaps embed. Documents of
 * kubeadm and kustomize between them are read as what they are. What is not YAML is read as a template.
 */
export const findKubernetes: Finder = (source) => {
  const found = findInYaml(source.text, { format: 'kubernetes', confidence: 'likely' }, 0)
  return found ?? findHelmTemplate(source)
}

/** Finds references in the values of a chart, subcharts' ones and `global.imageRegistry` among them. */
export const findHelmValues: Finder = (source) => {
  const found = findInYaml(source.text, { format: 'helm-values', confidence: 'certain' }, 0)
  return found ?? findHelmTemplate(source)
}

/** Finds what kubeadm's config names; other documents of the text are read as manifests. */
export const findKubeadm: Finder = findKubernetes

/** Finds the images of a kustomization, and those in its patches. */
export const findKustomize: Finder = (source) => {
  const found = findInYaml(source.text, { format: 'kustomize', confidence: 'likely' }, 0)
  return found ?? findHelmTemplate(source)
}

/** Whether a map is kubeadm's, or one of the two in it that name registries; Cluster API carries it in resources. */
function isClusterConfiguration({ format, path }: Context): boolean {
  const pattern =
    format === 'kubeadm' ? /^(?:dns|etcd\.local)?$/ : /(?:^|\.)clusterConfiguration(?:\.dns|\.etcd\.local)?$/
  return pattern.test(path)
}

function findInYaml(
  text: string,
  { format, confidence }: Pick<Context, 'format' | 'confidence'>,
  texts: number,
): Found[] | undefined {
  return visitYaml(text, (documents) => {
    const found: Found[] = []
    for (const parsed of documents) {
      const document = createDocument(parsed)
      const collector = new YamlCollector(text, document)
      const registry = format === 'helm-values' ? globalRegistry(document) : undefined
      new Walk(collector).visit(document.contents, {
        ...{ format, confidence, registry, texts },
        ...{ object: '', path: '', key: '', depth: 0 },
      })
      for (const one of inOrder(collector.found)) found.push(one)
    }
    return found
  })
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

  visit(value: unknown, context: Context): void {
    const node = this.#document.resolve(value)
    if (node === undefined || context.depth > DEPTH_MAX || !this.#isFirst(node, context.key)) return
    if (isMap(node)) this.#visitMap(node, context)
    else if (isSeq(node)) this.#visitSeq(node, context)
    else if (isStringScalar(node)) this.#visitText(node, context)
  }

  #visitMap(map: YAMLMap, outer: Context): void {
    const context = this.#enter(map, outer)
    if (/^$|clusterConfiguration$/.test(context.path) && isClusterConfiguration(context)) {
      collectKubeadm(this.#collector, map, context.object)
    }
    if (context.format === 'kustomize' && context.path === '') collectKustomization(this.#collector, map)
    this.#collectHere(map, context)
    for (const { key, value } of entriesOf(map)) {
      if (key === '<<' || (context.format === 'kustomize' && context.path === '' && key === 'images'))
        continue
      this.visit(value, {
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
    return { ...context, format, object, path: '', key: '', confidence: 'likely' }
  }

  #collectHere(map: YAMLMap, context: Context): void {
    const { format, object, path, key, confidence, registry } = context
    const owner = (suffix: string) => [object, suffix].filter((part) => part !== '').join(' ')
    const certain = { format, confidence: 'certain' } as const
    const role = CONTAINERS[key.replace(/\[\]$/, '')]
    const name = this.#document.getString(map, 'name')?.value
    if (role !== undefined && key.endsWith('[]')) {
      const belonging = { ...certain, owner: owner(`${role}${name === undefined ? '' : ` ${name}`}`) }
      this.#collector.addWhole(this.#document.get(map, 'image'), belonging)
      this.#collector.addWords(this.#document.get(map, 'command'), belonging)
      this.#collector.addWords(this.#document.get(map, 'args'), belonging)
      this.#collector.addEnvironment(this.#document.get(map, 'env'), belonging)
    } else if (key === 'volumes[]') {
      // A volume that is an image (KEP-4639).
      const image = this.#document.get(map, 'image')
      if (isMap(image)) {
        const belonging = { ...certain, owner: owner(`volume${name === undefined ? '' : ` ${name}`}`) }
        this.#collector.addWhole(this.#document.get(image, 'reference'), belonging)
      }
    }
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
      if (isStringScalar(node) && holdsImages(key))
        this.#collector.addWhole(node, { format, confidence, owner })
      this.visit(item, { ...context, key: `${key}[]`, path: `${path}[${index}]`, depth: context.depth + 1 })
    }
  }

  /** Texts within the text: what a ConfigMap embeds, values of charts, patches. */
  #visitText(scalar: StringScalar, context: Context): void {
    const { object, path, key, texts } = context
    if (texts >= TEXTS_MAX || !/[:{]/.test(scalar.value)) return
    const isValues = VALUES_KEYS.includes(key) && scalar.value.includes('\n')
    const isData = object.startsWith('ConfigMap') && path.startsWith('data.')
    const isPatch = context.format === 'kustomize' && /^patch(?:es)?/.test(path)
    if (!isValues && !isData && !isPatch) return
    const format = isValues ? 'helm-values' : 'kubernetes'
    this.#collector.addInner(scalar, (text) => {
      const found = findInYaml(text, { format, confidence: isValues ? 'certain' : 'likely' }, texts + 1) ?? []
      return found.map((one) => ({
        ...one,
        owner: [object, path, one.owner].filter((part) => part !== '').join(' '),
      }))
    })
  }

  #isFirst(node: Node, key: string): boolean {
    const keys = this.#walked.get(node)
    if (keys === undefined) this.#walked.set(node, new Set([key]))
    else if (keys.has(key) || keys.size > 8) return false
    else keys.add(key)
    return true
  }
}
