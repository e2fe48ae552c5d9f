import type { Finder, Found } from '../found.ts'
import { readSetting } from './settings.ts'
import { readReference } from './written-reference.ts'

/** `key: value`, `- value`, `- key: value`; the value goes on behind. */
const LINE = /^[ \t]*((?:-[ \t]+)*)(?:["']?([A-Za-z_][\w./-]*)["']?:(?=[ \t]))?[ \t]*/
const FLAG = /^--?([A-Za-z][\w.-]*)=/
/** A string of a template action. */
const STRING = /"((?:[^"\\\n]|\\.)*)"|`([^`]*)`/g
const COMMENT = /\{\{-?\s*\/\*[\s\S]*?(?:\*\/\s*-?\}\}|$)/g
const ACTION = /\{\{(?:[^}"`]|"(?:[^"\\\n]|\\.)*"|`[^`]*`|\}(?!\}))*\}\}/g

/**
 * Finds the references that are written out in a chart's template, line by line, since templates are no YAML: values of
 * keys and of list items, flags, and strings in actions such as `default "REFERENCE"`. Comments are passed over.
 */
export const findHelmTemplate: Finder = ({ text: original }) => {
  const found: Found[] = []
  // Blanked out at the same length, so that offsets stay.
  const text = original.replace(COMMENT, (comment) => comment.replace(/[^\n]/g, ' '))
  let start = 0
  while (start < text.length) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    addLine(found, text, start, end)
    start = end + 1
  }
  for (const action of text.matchAll(ACTION)) addStrings(found, text, action.index, action[0])
  return found.sort((one, other) => startOf(one) - startOf(other))
}

function addLine(found: Found[], text: string, start: number, end: number): void {
  const line = text.slice(start, end)
  const [prefix, dash, key = ''] = LINE.exec(line) as unknown as [string, string, string?]
  if (dash === '' && key === '') return
  const span = valueSpan(text, start + prefix.length, end)
  if (span === undefined) return
  const flag = FLAG.exec(text.slice(span.start, span.end))
  const name = flag?.[1] ?? key
  if (flag !== null) span.start += flag[0].length
  const parts = name === '' ? readReference(text, span) : readSetting(text, span, name)
  if (parts === undefined || isAction(text, span.start)) return
  found.push({ format: 'helm-template', parts, owner: `template ${name || 'list'}`, confidence: 'likely' })
}

/** What is between quotes, or up to a comment; actions in it may hold quotes and blanks. */
function valueSpan(text: string, from: number, end: number): { start: number; end: number } | undefined {
  const quote = text[from]
  const quoted = quote === '"' || quote === "'"
  const start = quoted ? from + 1 : from
  for (let at = start; at < end; at++) {
    if (text.startsWith('{{', at)) {
      const close = text.indexOf('}}', at)
      if (close < 0 || close > end) return undefined
      at = close + 1
    } else if (quoted ? text[at] === quote : /[ \t\r]/.test(text[at]!)) {
      return at > start ? { start, end: at } : undefined
    }
  }
  return quoted || end === start ? undefined : { start, end }
}

function addStrings(found: Found[], text: string, offset: number, action: string): void {
  for (const match of action.matchAll(STRING)) {
    const value = match[1] ?? match[2] ?? ''
    if (/[\s\\]/.test(value)) continue
    const start = offset + match.index + 1
    const span = { start, end: start + value.length }
    const parts = readReference(text, span) ?? readReference(text, span, { registry: true })
    if (parts !== undefined)
      found.push({ format: 'helm-template', parts, owner: 'template action', confidence: 'likely' })
  }
}

function isAction(text: string, at: number): boolean {
  return text.startsWith('{{', at)
}

function startOf({ parts }: Found): number {
  return Math.min(...Object.values(parts).map(({ span }) => span.start))
}
