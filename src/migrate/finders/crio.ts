import type { Found } from '../found.ts'
import type { TomlContent } from './toml.ts'
import { createTomlFinder } from './toml-finder.ts'
import { readReference } from './written-reference.ts'

/** Lists of registries that older versions of CRI-O read from their own config. */
const REGISTRIES = new Set(['registries', 'insecure_registries'])

/** Finds references in CRI-O's config: `pause_image`, `pinned_images`, and lists of registries. */
export const findInCrio = createTomlFinder({
  format: 'crio',
  collect: (_, text, { strings }: TomlContent) =>
    strings.flatMap(({ path, part }): Found[] => {
      const key = path.at(-1)!
      const isImage = key === 'pause_image' || key === 'pinned_images'
      if (!isImage && !REGISTRIES.has(key)) return []
      const parts = readReference(text, part.span, isImage ? { hostless: true } : { registry: true })
      return parts === undefined ? [] : [{ format: 'crio', parts, owner: key, confidence: 'certain' }]
    }),
})
