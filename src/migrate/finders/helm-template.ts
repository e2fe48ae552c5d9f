import type { Finder, Found, Part } from '../found.ts'
import { readSetting } from './settings.ts'
import { readReference } from './written-reference.ts'

/** `key: value`, `- value`, `- key: value`; the value goes on behind. */
const LINE = /^[ \t]*((?:-[ \t]+)*)(?:["']?([A-Za-z_][\w./-]*)["']?:(?=[ \t]))?[ \t]*/
const FLAG = /^--?([A-Za-z][\w.-]*)=/
/** A string of a template action. */
const STRING = /"((?:[^"\\\n]|\\.)*)"|`([^`]*)`/g
/** Longer values are no references, and longer actions are none of a template. */
const VALUE_MAX = 1024
const ACTION_MAX = 16 * 1024

/**
 * Finds the references that are written out in a chart's template, line by line, since templates are no YAML: values of
 * keys and of list items, flags, and strings in actions such as `default "REFERENCE"`. Comments are passed over.
 */
export const findHelmTemplate: Finder = ({ text: original }) => {
  const text = withoutComments(original)
  const found: Found[] = []
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    addLine(found, text.slice(start, end), start)
    start = end + 1
  }
  addActions(found, text)
  return found.sort((one, other) => startOf(one) - startOf(other))
}

/** Blanked out at the same length, so that offsets stay. */
function withoutComments(text: string): string {
  const pieces: string[] = []
  let at = 0
  for (const { index } of text.matchAll(/\{\{-?\s{0,80}\/\*/g)) {
    if (index < at) continue
    const close = text.indexOf('*/', index)
    const end = close < 0 ? text.length : close + 2
    pieces.push(text.slice(at, index), text.slice(index, end).replace(/[^\n]/g, ' '))
    at = end
  }
  pieces.push(text.slice(at))
  return pieces.join('')
}

function addLine(found: Found[], line: string, offset: number): void {
  const [prefix, dash, key = ''] = LINE.exec(line) as unknown as [string, string, string?]
  if (dash === '' && key === '') return
  const span = valueSpan(line, prefix.length)
  if (span === undefined || line.startsWith('{{', span.start)) return
  const flag = FLAG.exec(line.slice(span.start, span.end))
  const name = flag?.[1] ?? key
  const start = span.start + (flag?.[0].length ?? 0)
  add(found, line.slice(start, span.end), offset + start, name, `template ${name || 'list'}`)
}

/** What is between quotes, or up to a blank; actions in it may hold quotes and blanks. */
function valueSpan(line: string, from: number): { start: number; end: number } | undefined {
  const quote = line[from]
  const quoted = quote === '"' || quote === "'"
  const start = quoted ? from + 1 : from
  const last = Math.min(line.length, start + VALUE_MAX)
  for (let at = start; at < last; at++) {
    if (line.startsWith('{{', at)) {
      const close = line.indexOf('}}', at)
      if (close < 0) return undefined
      at = close + 1
    } else if (quoted ? line[at] === quote : /[ \t\r]/.test(line[at]!)) {
      return at > start ? { start, end: at } : undefined
    }
  }
  return quoted || last < line.length || last === start ? undefined : { start, end: last }
}

function addActions(found: Found[], text: string): void {
  for (let at = text.indexOf('{{'); at >= 0; ) {
    const close = text.indexOf('}}', at)
    if (close < 0) return
    if (close - at <= ACTION_MAX) addStrings(found, text.slice(at, close), at)
    at = text.indexOf('{{', close)
  }
}

function addStrings(found: Found[], action: string, offset: number): void {
  for (const { index, 1: quoted, 2: raw } of action.matchAll(STRING)) {
    const value = quoted ?? raw ?? ''
    if (!/[\s\\]/.test(value)) add(found, value, offset + index + 1, 'registry', 'template action')
  }
}

/** Reads a value by itself: what is around it is none of its concern. */
function add(found: Found[], value: string, offset: number, name: string, owner: string): void {
  const span = { start: 0, end: value.length }
  const parts = name === '' ? readReference(value, span) : readSetting(value, span, name)
  if (parts === undefined) return
  const moved = Object.entries(parts).map(([part, { span: own, ...rest }]: [string, Part]) => [
    part,
    { ...rest, span: { start: own.start + offset, end: own.end + offset } },
  ])
  found.push({ format: 'helm-template', parts: Object.fromEntries(moved), owner, confidence: 'likely' })
}

function startOf({ parts }: Found): number {
  return Math.min(...Object.values(parts).map(({ span }) => span.start))
}
