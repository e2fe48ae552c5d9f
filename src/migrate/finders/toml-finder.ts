import type { Finder, Format, Found } from '../found.ts'
import { relocate } from '../inner-text.ts'
import { isTemplate, maskTemplate } from '../template-mask.ts'
import { guardKindOf, readGuard } from './guard.ts'
import { byPlace, without } from './overlap.ts'
import { findInActions } from './template-actions.ts'
import { findInLines } from './template-lines.ts'
import { readToml, type TomlContent } from './toml.ts'
import { findInValue } from './value.ts'

/** What is known of a TOML format. */
export interface TomlRules {
  readonly format: Format
  /** References that are named better than by their keys, or are keys. */
  collect?(path: string, text: string, content: TomlContent): readonly Found[]
}

/**
 * Makes a finder of a TOML format. Whatever its rules know, every string that is a reference as a whole is one. Lines
 * that are no TOML are read by themselves.
 */
export function createTomlFinder({ format, collect }: TomlRules): Finder {
  return ({ path, text: original }, tools = { findWithin: () => [], unread() {} }) => {
    const text = maskTemplate(original)
    const content = readToml(text)
    const found: Found[] = [...(collect?.(path, text, content) ?? [])]
    for (const value of [...content.strings, ...content.texts]) {
      const owner = value.path.join('.')
      const kind = guardKindOf(value)
      const each: Found[] =
        kind === undefined
          ? findInValue(value.inner.value, { format, owner, key: value.path.at(-1) ?? '' }, tools)
          : readGuard(value.inner.value, { start: 0, end: value.inner.value.length }).map(({ parts }) => ({
              ...{ format, parts, owner, confidence: 'certain' },
              guard: { kind, others: othersOf(content, value.path) },
            }))
      found.push(
        ...without(
          found,
          each.map((one) => ({ ...one, parts: relocate(one.parts, value.inner) })),
        ),
      )
    }
    for (const line of content.skipped) found.push(...without(found, findInLines(text, line, format)))
    const [first] = content.skipped
    if (first !== undefined)
      tools.unread({
        start: first.start,
        reason: 'a line is not TOML',
        ...(isTemplate(original) && { template: true }),
      })
    found.push(...without(found, findInActions(original, format)))
    return found.sort(byPlace)
  }
}

function othersOf({ strings }: TomlContent, path: readonly string[]): string[] {
  return strings.filter((one) => one.path.join('\0') === path.join('\0')).map(({ inner }) => inner.value)
}
