import type { Finder, Found, Part, Span } from '../found.ts'
import { confidenceOf, findSettings, readSetting } from './settings.ts'
import { byPlace, findInScript } from './shell.ts'
import { partAt } from './written-reference.ts'

const COMMENT = /#[^\n]*|\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?/y
const HEREDOC = /<<-?[ \t]*([A-Za-z_]\w*)[ \t]*\r?\n/y
const WORD = /[A-Za-z_][\w-]*/y
const ASSIGNS = /[ \t]*(?:=(?![=>])|:)/y
/** Keys whose strings of several words are commands. */
const RUNS = /^(?:inline|command|args|script|user_data|entrypoint|startup_script)$/i
/** Keys whose values stand beside one another in a block and make one reference. */
const REGISTRY = /^(?:image_?)?registry$/i
const REPOSITORY = /^(?:image_?)?repository$/i
const TAG = /^(?:image_?)?tag$/i

/** A block, object, list or call that the reader is in. */
interface Block {
  readonly opening: string
  /** The last word or label before it. */
  readonly name: string
  /** What the next string is the value of; '' when it is a label. */
  key: string
  /** The value of its `name`, as in Helm's `set { name = … value = … }`. */
  called?: string
  registry?: Part
  repository?: Part
  tag?: Part
}

/**
 * Finds references in Terraform and other HCL: strings, lines of heredocs, and `registry`, `repository` and `tag` that
 * stand beside one another in a block. What stands inside `${ }` is not read.
 */
export const findInTerraform: Finder = ({ text }) => {
  const found: Found[] = []
  const blocks: Block[] = [{ opening: '{', name: '', key: '' }]
  let label = ''
  let at = 0
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match !== null) at = pattern.lastIndex
    return match
  }

  while (at < text.length) {
    const char = text[at]!
    const block = blocks.at(-1)!
    if ((char === '#' || char === '/') && take(COMMENT) !== null) continue
    if (char === '"') {
      const span = { start: at + 1, end: stringEnd(text, at + 1) }
      at = span.end + 1
      label = text.slice(span.start, span.end)
      if (take(ASSIGNS) !== null) block.key = label
      else if (block.key !== '') addString(block, span)
    } else if (char === '<') {
      const heredoc = take(HEREDOC)
      at = heredoc === null ? at + 1 : addHeredoc(block, heredoc[1]!)
    } else if ('{[('.includes(char)) {
      blocks.push({ opening: char, name: block.key || label, key: char === '{' ? '' : block.key })
      at++
    } else if ('}])'.includes(char)) {
      if (blocks.length > 1) endBlock(blocks.pop()!)
      at++
    } else {
      if (char === '\n' && block.opening === '{') block.key = ''
      const word = take(WORD)?.[0]
      if (word === undefined) at++
      else {
        label = word
        if (take(ASSIGNS) !== null) block.key = word
      }
    }
  }
  while (blocks.length > 0) endBlock(blocks.pop()!)
  return found.sort(byPlace)

  function addString(block: Block, span: Span): void {
    const { key } = block
    const part = partAt(text, span.start, span.end)
    if (key === 'name') block.called = part.value
    const name = key === 'default' ? block.name : key === 'value' ? (block.called ?? block.name) : key
    if (block.opening === '{' && TAG.test(key)) block.tag = part
    else if (block.opening === '{' && REGISTRY.test(key)) block.registry = part
    else if (block.opening === '{' && REPOSITORY.test(key)) block.repository = part
    else if (/\s/.test(part.value)) {
      if (RUNS.test(key)) for (const one of findInScript(text, span, 'terraform')) found.push(one)
    } else {
      const parts = readSetting(text, span, name)
      if (parts !== undefined) {
        found.push({ format: 'terraform', parts, owner: ownerOf(key), confidence: confidenceOf(name) })
      }
    }
  }

  /** `key` with the blocks that it is in, without lists and calls. */
  function ownerOf(key: string): string {
    const names = blocks.filter(({ opening }) => opening === '{').map(({ name }) => name)
    return [...names.slice(1), key].filter((name) => name !== '').join('.')
  }

  function addHeredoc(block: Block, delimiter: string): number {
    const close = new RegExp(`^[ \\t]*${delimiter}[ \\t]*\\r?$`, 'gm')
    close.lastIndex = at
    const end = close.exec(text)?.index ?? text.length
    const span = { start: at, end }
    const owner = ownerOf(block.key)
    found.push(
      ...(RUNS.test(block.key) || text.startsWith('#!', at)
        ? findInScript(text, span, 'terraform')
        : findSettings(text, span, { format: 'terraform', owner, confidence: 'likely' })),
    )
    return end === text.length ? end : close.lastIndex
  }

  function endBlock({ name, registry, repository, tag }: Block): void {
    const head = registry ?? repository
    if (head === undefined) return
    const parts = readSetting(text, head.span, 'registry')
    if (parts === undefined) return
    const rest = { ...(repository && { repository }), ...(tag && { tag }) }
    const owner = [...blocks.filter(({ opening }) => opening === '{').map((block) => block.name), name].join(
      '.',
    )
    found.push({
      format: 'terraform',
      parts: registry === undefined ? rest : { registry, ...rest },
      owner: owner.replace(/^\.+/, '') || 'object',
      confidence: 'certain',
    })
  }
}

/** The end of a string's content; one that is never closed ends with its line. */
function stringEnd(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const char = text[at]
    if (char === '\\') at++
    else if (char === '$' && text[at + 1] === '{') depth++
    else if (char === '}' && depth > 0) depth--
    else if (char === '\n' || (char === '"' && depth === 0)) return at
  }
  return text.length
}
