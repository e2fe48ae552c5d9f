import type { YamlChild, YamlChildren } from './yaml-children.ts'

const STRING = /"(?:[^"\\]|\\[\s\S])*"/y
const KEY = /\s*(?:"((?:[^"\\]|\\[\s\S])*)"|'([^'\n]*)'|([^\s"'{}[\],:]+))\s*:\s*/y

/** The parts of a text that is one map or list in brackets, as JSON is; `undefined` for any other. */
export function childrenOfFlow(text: string): YamlChildren | undefined {
  const open = text.search(/[^\s\uFEFF]/)
  const opening = text[open]
  if (opening !== '{' && opening !== '[') return undefined
  const items: YamlChild[] = []
  let depth = 0
  let start = open + 1
  for (let at = open; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === 0x22) {
      STRING.lastIndex = at
      if (!STRING.test(text)) return undefined
      at = STRING.lastIndex - 1
    } else if (char === 0x7b || char === 0x5b) depth++
    else if (char === 0x7d || char === 0x5d) {
      if (--depth === 0) {
        if (text.slice(start, at).trim() !== '') items.push(childAt(text, start, at, opening))
        return { items, around: opening === '{' ? ['{', '}'] : ['[', ']'], between: ',' }
      }
    } else if (char === 0x2c && depth === 1) {
      items.push(childAt(text, start, at, opening))
      start = at + 1
    }
  }
  return undefined
}

function childAt(text: string, start: number, end: number, opening: string): YamlChild {
  if (opening === '[') return { start, end, key: '[]', value: start }
  KEY.lastIndex = start
  const match = KEY.exec(text)
  if (match === null || KEY.lastIndex > end) return { start, end, key: '', value: start }
  return { start, end, key: match[1] ?? match[2] ?? match[3] ?? '', value: KEY.lastIndex }
}
