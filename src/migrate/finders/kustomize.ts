import { isMap, isSeq, type YAMLMap } from 'yaml'
import { stringOf } from '../yaml-source.ts'
import type { YamlCollector } from './yaml-collector.ts'

const REMOTE = /^(?:https?:\/\/|git@|git::|ssh:\/\/|github\.com\/)|[?&]ref=/
const FIXED =
  'it has to match what a remote resource says, which cannot be seen here: set newName to the new name if that still ' +
  'has the old one'

/**
 * Takes the `images` of a kustomization. What is pulled is `newName`, or `name` without it, with `newTag` and `digest`.
 * `name` has to match what the manifests say, and moves with them; where a kustomization has remote resources, nobody
 * here knows what these say, so that `name` is reported and left.
 */
export function collectKustomization(collector: YamlCollector, map: YAMLMap): void {
  const { document } = collector
  const images = document.get(map, 'images')
  if (!isSeq(images)) return
  const fixed = isRemote(collector, map) ? { fixed: FIXED } : {}
  for (const [index, item] of images.items.entries()) {
    const entry = document.resolve(item)
    if (!isMap(entry)) continue
    const [name, newName] = [document.getString(entry, 'name'), document.getString(entry, 'newName')]
    const belonging = (key: string) =>
      ({ format: 'kustomize', confidence: 'certain', owner: `images[${index}].${key}` }) as const
    const version = { tag: document.getString(entry, 'newTag'), digest: document.getString(entry, 'digest') }
    if (newName !== undefined) {
      collector.addWhole(name, { ...belonging('name'), ...fixed })
      collector.addSplit({ repository: newName, ...version }, belonging('newName'))
    } else {
      collector.addSplit({ repository: name, ...version }, { ...belonging('name'), ...fixed })
    }
  }
}

function isRemote({ document }: YamlCollector, map: YAMLMap): boolean {
  return ['resources', 'bases', 'components', 'helmCharts'].some((key) => {
    const list = document.get(map, key)
    if (!isSeq(list)) return false
    return (
      key === 'helmCharts' || list.items.some((item) => REMOTE.test(stringOf(document.resolve(item)) ?? ''))
    )
  })
}
