import type { Finder, Found } from '../found.ts'
import { literalText, relocate } from '../inner-text.ts'
import { maskTemplate } from '../template-mask.ts'
import { byPlace, without } from './overlap.ts'
import { findInScript } from './shell.ts'
import { findInActions } from './template-actions.ts'
import { findInWord } from './word.ts'

/** `Key=value`, going on behind a backslash at the end of a line. */
const ENTRY = /^[ \t]*([A-Za-z]\w*)[ \t]*=[ \t]*((?:\\\r?\n|[^\n])*)/gm
const PAIR = /"[^"\n]*"|'[^'\n]*'|[^\s"']+/g

/** Finds references in units and drop-ins of systemd: `Environment=`, and what `Exec…=` runs. */
export const findInUnit: Finder = ({ text: original }) => {
  const text = maskTemplate(original)
  const found: Found[] = []
  for (const match of text.matchAll(ENTRY)) {
    const [whole, key, value] = match as unknown as [string, string, string]
    const start = match.index + whole.length - value.length
    if (/^Exec/.test(key)) {
      const prefix = /^[-@:+!]*/.exec(value)![0].length
      found.push(...findInScript(text, { start: start + prefix, end: start + value.length }, 'unit'))
      continue
    }
    for (const { index, 0: pair } of value.matchAll(PAIR)) {
      const quote = /^["']/.test(pair) ? 1 : 0
      const inner = literalText(text, {
        start: start + index + quote,
        end: start + index + pair.length - quote,
      })
      const [, flags] = /^[A-Za-z_]\w*=(.*\s.*)$/s.exec(inner.value) ?? []
      const found_ = flags
        ? findInScript(text, { start: inner.span.end - flags.length, end: inner.span.end }, 'unit')
        : findInWord(inner.value, { start: 0, end: inner.value.length }, key, {
            format: 'unit',
            owner: key,
          }).map((one) => ({ ...one, parts: relocate(one.parts, inner) }))
      found.push(...found_)
    }
  }
  found.push(...without(found, findInActions(original, 'unit')))
  return found.sort(byPlace)
}
