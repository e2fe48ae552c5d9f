import type { Format, Found, Span } from '../found.ts'
import { literalText, relocate } from '../inner-text.ts'
import { BRANCH, UNKNOWN } from '../template-mask.ts'
import { findInWord, type WordPlace } from './word.ts'
import { readReference } from './written-reference.ts'

/** `key: value`, `- value`, `- key: value`; the value goes on behind. */
const LINE = /^[ \t]*((?:-[ \t]+)*)(?:["']?([A-Za-z_][\w./-]*)["']?[ \t]*(?::(?=[ \t])|=(?!=)))?[ \t]*/
/** Longer values are no references. */
const VALUE_MAX = 1024

/**
 * Finds the references of a stretch of a text that no parser reads: what stands behind `key:`, `key =` or `-` to the end
 * of its line, and a line that is one as a whole. Comments are passed over.
 */
export function findInLines(text: string, { start, end }: Span, format: Format): Found[] {
  const found: Found[] = []
  for (let at = start; at < end; ) {
    const newline = text.indexOf('\n', at)
    const lineEnd = newline < 0 || newline > end ? end : newline
    addLine(found, text, { start: at, end: lineEnd }, format)
    at = lineEnd + 1
  }
  return found
}

function addLine(found: Found[], text: string, { start: offset, end }: Span, format: Format): void {
  const line = text.slice(offset, end)
  const [prefix, dash, key = ''] = LINE.exec(line) as unknown as [string, string, string?]
  const span = valueSpan(line, prefix.length)
  if (span === undefined) return
  const value = line.slice(span.start, span.end)
  const words =
    dash === '' && key === ''
      ? whole(value, { format, owner: 'line' })
      : findInWord(value, { start: 0, end: value.length }, key, { format, owner: `line ${key || 'list'}` })
  const inner = literalText(text, { start: offset + span.start, end: offset + span.end })
  for (const one of words) found.push({ ...one, parts: relocate(one.parts, inner), confidence: 'likely' })
}

/** A line that is nothing else, such as what a `define` gives. */
function whole(value: string, place: WordPlace): Found[] {
  const parts = readReference(value, { start: 0, end: value.length })
  return parts === undefined ? [] : [{ ...place, parts, confidence: 'likely' }]
}

/** What is between quotes, or up to a blank, which ends the line but for a comment. */
function valueSpan(line: string, from: number): Span | undefined {
  const quote = line[from]
  if (line.length - from > VALUE_MAX) return undefined
  if (quote === '"' || quote === "'") {
    const close = line.indexOf(quote, from + 1)
    const isAll = close > from + 1 && /^[ \t\r,;\]}\uE000\uE001]*(?:#.*)?$/.test(line.slice(close + 1))
    return isAll ? { start: from + 1, end: close } : undefined
  }
  const match = /^([^\s#][^\s]*?)[,;]?(?:[ \t\r]+(?:#.*)?)?$/.exec(line.slice(from))
  if (match === null) return undefined
  const begin = /^[\uE001]*/.exec(match[1]!)![0].length
  const value = match[1]!.slice(begin)
  const end = value.indexOf(BRANCH)
  const length = end < 0 ? value.length : end
  return length === 0 || value.startsWith(UNKNOWN)
    ? undefined
    : { start: from + begin, end: from + begin + length }
}
