import type { Finder, Found } from '../found.ts'
import { readToml } from './toml.ts'
import { readReference } from './written-reference.ts'

/** Lists of registries that older versions of CRI-O read from their own config. */
const REGISTRIES = new Set(['registries', 'insecure_registries'])

/** Finds references in CRI-O's config: `pause_image`, `pinned_images`, and lists of registries. */
export const findInCrio: Finder = ({ text }) =>
  readToml(text).strings.flatMap(({ path, part }): Found[] => {
    const key = path.at(-1)!
    const isImage = key === 'pause_image' || key === 'pinned_images'
    if (!isImage && !REGISTRIES.has(key)) return []
    const parts = readReference(text, part.span, isImage ? { hostless: true } : { registry: true })
    return parts === undefined ? [] : [{ format: 'crio', parts, owner: key, confidence: 'certain' }]
  })
