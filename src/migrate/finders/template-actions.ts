import type { Format, Found } from '../found.ts'
import { literalText, relocate } from '../inner-text.ts'
import { actionsOf } from '../template-mask.ts'
import { readReference } from './written-reference.ts'

/** A string of an action; Jinja has single quotes too. */
const STRING = /"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`([^`]*)`/g
/** What compares says nothing of what is pulled. */
const COMPARES = /==|!=|\b(?:eq|ne|in|is|hasPrefix|hasSuffix|contains|regexMatch|startswith|match|search)\b/

/**
 * Finds the references that are strings in the actions of a template, such as `default "REFERENCE"`; and hosts alone,
 * such as `default('k8s.gcr.io')`, unless the action compares.
 */
export function findInActions(text: string, format: Format): Found[] {
  const found: Found[] = []
  for (const { start, action } of actionsOf(text)) {
    const registry = !COMPARES.test(action)
    for (const { index, 1: double, 2: single, 3: raw } of action.matchAll(STRING)) {
      const value = double ?? single ?? raw ?? ''
      if (!/^[^\s\\]*[.:][^\s\\]*$/.test(value)) continue
      const from = start + index + 1
      // By itself: what is around it is none of its concern.
      const span = { start: 0, end: value.length }
      const parts =
        readReference(value, span) ?? (registry ? readReference(value, span, { registry }) : undefined)
      if (parts === undefined) continue
      const inner = literalText(text, { start: from, end: from + value.length })
      found.push({ format, parts: relocate(parts, inner), owner: 'template action', confidence: 'likely' })
    }
  }
  return found
}
