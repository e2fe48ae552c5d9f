import { isMap, isSeq, type YAMLMap } from 'yaml'
import type { Bases, Format } from '../found.ts'
import { readYaml, stringOf, type YamlDocument } from '../yaml/yaml-document.ts'
import type { YamlCollector } from './yaml-collector.ts'

/** What follows manifests that nothing here leads to. */
export const FOREIGN: Bases = {
  resources: [],
  unknown: 'it has to be what the manifests say that it is applied to: change it together with them',
}
const COMPONENT: Bases = {
  resources: [],
  unknown: 'it has to be what those say that take this component: change it together with them',
}
/** Where a kustomization says what it is made of. */
const RESOURCES = ['resources', 'bases', 'components', 'crds']

/**
 * Takes the `images` of a kustomization. What is pulled is `newName`, or `name` without it, with `newTag` and `digest`.
 * `name` has to match what the resources say, and follows them.
 */
export function collectKustomization(collector: YamlCollector, map: YAMLMap): void {
  const { document } = collector
  const images = document.get(map, 'images')
  if (!isSeq(images)) return
  const isComponent = document.getString(map, 'kind')?.value === 'Component'
  const follows = isComponent ? COMPONENT : { resources: resourcesOf(document, map) }
  for (const [index, item] of images.items.entries()) {
    const entry = document.resolve(item)
    if (isMap(entry))
      collectOverride(collector, entry, { format: 'kustomize', owner: `images[${index}]` }, follows)
  }
}

/**
 * Takes an override of kustomize that stands in an object of another tool, such as Flux's `Kustomization`: its name has
 * to be what the manifests say that it is applied to. Gives whether the map is one; `isSure` where its place says so.
 */
export function collectForeignOverride(
  collector: YamlCollector,
  map: YAMLMap,
  belonging: { readonly format: Format; readonly owner: string },
  isSure: boolean,
): boolean {
  const { document } = collector
  const keys = isSure ? ['newName', 'newTag', 'digest'] : ['newName', 'newTag']
  const isOverride =
    document.getString(map, 'name') !== undefined && keys.some((key) => document.get(map, key) !== undefined)
  if (isOverride) collectOverride(collector, map, belonging, FOREIGN)
  return isOverride
}

function collectOverride(
  collector: YamlCollector,
  entry: YAMLMap,
  { format, owner }: { readonly format: Format; readonly owner: string },
  follows: Bases,
): void {
  const { document } = collector
  const [name, newName] = [document.getString(entry, 'name'), document.getString(entry, 'newName')]
  const belonging = (key: string) => ({ format, confidence: 'certain', owner: `${owner}.${key}` }) as const
  const version = { tag: document.getString(entry, 'newTag'), digest: document.getString(entry, 'digest') }
  const own = newName === undefined ? { repository: name, ...version } : { repository: name }
  const isPulled = newName === undefined && (version.tag !== undefined || version.digest !== undefined)
  collector.addSplit(own, { ...belonging('name'), follows }, { hostless: isPulled })
  if (newName !== undefined)
    collector.addSplit({ repository: newName, ...version }, belonging('newName'), { hostless: true })
}

/** As they are written; what charts of Helm and other generators make is not known. */
function resourcesOf(document: YamlDocument, map: YAMLMap): string[] {
  const unknown = ['helmCharts', 'helmChartInflationGenerator', 'generators'].filter((key) =>
    isSeq(document.get(map, key)),
  )
  return [
    ...unknown,
    ...RESOURCES.flatMap((key) => {
      const list = document.get(map, key)
      return isSeq(list) ? list.items.flatMap((item) => stringOf(document.resolve(item)) ?? []) : []
    }),
  ]
}

/** What the kustomization of a text is made of. */
export function kustomizationResources(text: string): string[] {
  return [...readYaml(text)].flatMap((read) =>
    read.kind === 'document' && isMap(read.document.contents)
      ? resourcesOf(read.document, read.document.contents)
      : [],
  )
}
