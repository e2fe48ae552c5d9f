import type { YamlChild, YamlChildren } from './yaml-children.ts'

const LINE = /^([ \t]*)(.?)[^\n]*(?:\n|$)/gm
const KEY = /[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s#"'[\]{},][^\n:]*)):(?=[ \t\r\n]|$)/y

/** The parts of a text that is one map or list by its indentation; `undefined` for what is none. */
export function childrenOfBlock(text: string): YamlChildren | undefined {
  const items: YamlChild[] = []
  const body = bodyStart(text)
  let indent = -1
  let isList = false
  let start = body
  const add = (end: number) => {
    if (indent >= 0 && end > start) items.push(childAt(text, start, end, isList))
  }
  LINE.lastIndex = body
  for (let line = LINE.exec(text); line !== null && LINE.lastIndex > line.index; line = LINE.exec(text)) {
    const [, blanks, mark] = line as unknown as [string, string, string]
    if (mark === '' || mark === '#' || mark === '\r') continue
    if (indent < 0) {
      indent = blanks.length
      isList = isItem(text, line.index + blanks.length)
      start = line.index
    } else if (blanks.length < indent) return undefined
    else if (
      blanks.length === indent &&
      isItem(text, line.index + indent) === isList &&
      !/[\]}]/.test(mark)
    ) {
      add(line.index)
      start = line.index
    }
    if (LINE.lastIndex >= text.length) break
  }
  add(text.length)
  return items.length === 0 ? undefined : { items, around: ['', ''], between: '' }
}

/** Behind a marker `---` that stands alone. */
function bodyStart(text: string): number {
  const marker = /^(?:(?:[ \t]*#[^\n]*|%[^\n]*)?\n)*---[ \t]*(?:#[^\n]*)?\r?\n/.exec(text)
  return marker === null ? 0 : marker[0].length
}

function isItem(text: string, at: number): boolean {
  return text[at] === '-' && /[ \t\r\n]/.test(text[at + 1] ?? '\n')
}

function childAt(text: string, start: number, end: number, isList: boolean): YamlChild {
  if (isList) {
    // From the dash on all is one deeper; a list in a list, or a value on the line of the dash, is left as it is.
    const at = text.indexOf('-', start) + 1
    const lineStart = /[ \t]*\S/.exec(text.slice(at, at + 256))
    return { start, end, key: '[]', value: lineStart === null ? start : at }
  }
  KEY.lastIndex = start
  const match = KEY.exec(text)
  if (match === null) return { start, end, key: '', value: start }
  // Where the value begins on the line of its key it is not to be cut by lines, unless it is in brackets.
  const lineEnd = text.indexOf('\n', KEY.lastIndex)
  const rest = text.slice(KEY.lastIndex, lineEnd < 0 ? end : lineEnd).trim()
  const key = (match[1] ?? match[2] ?? match[3] ?? '').trim()
  if (rest === '' || rest.startsWith('#')) return { start, end, key, value: lineEnd + 1 }
  return { start, end, key, value: /^[[{]/.test(rest) ? KEY.lastIndex : start }
}
