import type { Format, Found } from '../found.ts'
import type { YamlDocument } from '../yaml/yaml-document.ts'

/** What a string is by the keys that lead to it, where that says more than its value does. */
export type Role =
  /** An image for certain, whose host may be left out. */
  | 'image'
  /** A host, or one with the beginning of a path. */
  | 'registry'
  /** A URL of a registry. */
  | 'url'
  /** No reference, whatever it looks like. */
  | 'none'

/** What is known of a YAML format; `path` has keys, and `[]` for what is in a list. */
export interface YamlRules {
  readonly format: Format
  role?(path: readonly string[]): Role | undefined
  /** Whether a key names a registry; the URLs below it are where it is redirected to. */
  isRegistryKey?(path: readonly string[]): boolean
  /** References that are more than one string, or are named better than by their keys. */
  collect?(text: string, document: YamlDocument, path: readonly string[]): readonly Found[]
}
