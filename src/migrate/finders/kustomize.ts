import { isMap, isSeq, type YAMLMap } from 'yaml'
import { readYaml, stringOf, type YamlDocument } from '../yaml/yaml-document.ts'
import type { YamlCollector } from './yaml-collector.ts'

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
  const follows = { resources: resourcesOf(document, map) }
  for (const [index, item] of images.items.entries()) {
    const entry = document.resolve(item)
    if (!isMap(entry)) continue
    const [name, newName] = [document.getString(entry, 'name'), document.getString(entry, 'newName')]
    const belonging = (key: string) =>
      ({ format: 'kustomize', confidence: 'certain', owner: `images[${index}].${key}` }) as const
    const version = { tag: document.getString(entry, 'newTag'), digest: document.getString(entry, 'digest') }
    collector.addSplit(newName === undefined ? { repository: name, ...version } : { repository: name }, {
      ...belonging('name'),
      follows,
    })
    if (newName !== undefined) collector.addSplit({ repository: newName, ...version }, belonging('newName'))
  }
}

/** As they are written; what charts of Helm are inflated to is not known. */
function resourcesOf(document: YamlDocument, map: YAMLMap): string[] {
  const charts = ['helmCharts', 'helmChartInflationGenerator'].filter((key) => isSeq(document.get(map, key)))
  return [
    ...charts,
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
