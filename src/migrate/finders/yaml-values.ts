import { isMap, isSeq } from 'yaml'
import type { Confidence, Finder, Format, Found, Span } from '../found.ts'
import { innerText, isStringScalar, readYaml, relocate, type StringScalar } from '../yaml-source.ts'
import { confidenceOf, findSettings, readSetting } from './settings.ts'
import { byPlace, findInScript } from './shell.ts'
import { readReference, readRegistryUrl } from './written-reference.ts'

/** What a string of a YAML text is by the keys that lead to it. */
export type Role =
  /** An image for certain, whose host may be left out. */
  | 'image'
  /** A host, or one with the beginning of a path. */
  | 'registry'
  /** A URL of a registry. */
  | 'url'
  /** Commands for a shell. */
  | 'script'
  /** A word of a command, which may be a reference, or a script for the shell that the command is. */
  | 'word'
  /** A file of its own. */
  | 'file'
  /** A value that is a reference if it looks like one and names a host. */
  | 'value'

/** What the strings of a format are; `path` has keys, and `[]` for what is in a list. */
export interface YamlRules {
  readonly format: Format
  role(path: readonly string[]): Role | undefined
  /** Whether a key names a registry. */
  isRegistryKey?(path: readonly string[]): boolean
}

/**
 * Makes a finder of a YAML format from what its strings are. Aliases are looked at where they are anchored. What is not
 * YAML, such as a template of it, is read line by line.
 */
export function createYamlFinder(rules: YamlRules): Finder {
  return ({ text }) => {
    const documents = readYaml(text)
    if (documents === undefined) {
      const span = { start: 0, end: text.length }
      return findSettings(text, span, { format: rules.format, owner: 'line', confidence: 'likely' }).sort(
        byPlace,
      )
    }
    const found: Found[] = []
    for (const { contents } of documents) findBelow(text, contents, rules, found)
    return found.sort(byPlace)
  }
}

/** Steps through all nodes with a list of its own, since a text may be nested deeper than calls can be. */
function findBelow(text: string, root: unknown, rules: YamlRules, found: Found[]): void {
  const left: { readonly node: unknown; readonly path: readonly string[] }[] = [{ node: root, path: [] }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { node, path } = next
    if (isSeq(node)) {
      const below = [...path, '[]']
      for (const item of node.items) left.push({ node: item, path: below })
    } else if (isStringScalar(node)) findInString(text, node, path, rules, found)
    if (!isMap(node)) continue
    for (const { key, value } of node.items) {
      if (!isStringScalar(key)) continue
      const below = [...path, key.value]
      if (rules.isRegistryKey?.(below)) {
        add(
          text,
          key,
          (inner, span) => {
            const parts = readReference(inner, span, { registry: true })
            return parts === undefined
              ? []
              : [{ format: rules.format, parts, owner: ownerOf(path), confidence: 'certain' }]
          },
          found,
        )
      }
      left.push({ node: value, path: below })
    }
  }
}

function findInString(
  text: string,
  scalar: StringScalar,
  path: readonly string[],
  { format, role: roleOf }: YamlRules,
  found: Found[],
): void {
  const role = roleOf(path)
  if (role === undefined) return
  const owner = ownerOf(path)
  const name = path.findLast((key) => key !== '[]') ?? ''
  const one = (parts: Found['parts'] | undefined, confidence: Confidence): Found[] =>
    parts === undefined ? [] : [{ format, parts, owner, confidence }]
  const scripted = (each: readonly Found[]) =>
    each.map((from) => ({ ...from, owner: `${owner}: ${from.owner}` }))
  add(
    text,
    scalar,
    (inner, span) => {
      switch (role) {
        case 'image':
          return one(readReference(inner, span, { hostless: true }), 'certain')
        case 'registry':
          return one(readReference(inner, span, { registry: true }), 'certain')
        case 'url':
          return one(readRegistryUrl(inner, span), 'certain')
        case 'script':
          return scripted(findInScript(inner, span, format))
        case 'word':
          return /\s/.test(inner)
            ? scripted(findInScript(inner, span, format).filter(({ confidence }) => confidence === 'certain'))
            : one(readSetting(inner, span, name), 'likely')
        case 'file':
          return findSettings(inner, span, { format, owner, confidence: 'likely' })
        case 'value':
          return one(readSetting(inner, span, name), confidenceOf(name))
      }
    },
    found,
  )
}

/** Finds in what a string means, and puts that where the string stands. */
function add(
  text: string,
  scalar: StringScalar,
  find: (inner: string, span: Span) => readonly Found[],
  found: Found[],
): void {
  const inner = innerText(text, scalar)
  for (const each of find(inner.value, { start: 0, end: inner.value.length })) {
    found.push({ ...each, parts: relocate(each.parts, inner) })
  }
}

function ownerOf(path: readonly string[]): string {
  return path.filter((key) => key !== '[]').join('.') || 'document'
}
