import type { Span } from '../found.ts'

/** A string of an HCL text, in the order of the text. */
export interface HclString {
  /** Without quotes; of a heredoc all its lines. */
  readonly span: Span
  /** The blocks that it is in, by their last word or label, and the key that it is a value of. */
  readonly path: readonly string[]
  /** The block that it stands in; those of one block make one object. */
  readonly block: number
  /** It stands right in a block, not in a list or call in it. */
  readonly isDirect: boolean
  /** The call that it is an argument of, with the first string that this was given. */
  readonly call?: { readonly name: string; readonly first?: string }
  readonly isHeredoc?: true
}

const COMMENT = /#[^\n]*|\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?/y
const HEREDOC = /<<-?[ \t]*([A-Za-z_]\w*)[ \t]*\r?\n/y
const WORD = /[A-Za-z_][\w-]*/y
const ASSIGNS = /[ \t]*(?:=(?![=>])|:)/y
/** Blocks, lists and calls are followed so deep. */
const DEPTH_MAX = 100
/** An expression goes on behind these, on the next line too. */
const GOES_ON = '?:=(['

interface Block {
  readonly opening: string
  readonly name: string
  readonly id: number
  /** What the next string is the value of; '' at the beginning of a statement. */
  key: string
  first?: string
}

/** Reads the strings of a Terraform or other HCL text. What stands inside `${ }` of one is part of it. */
export function readHcl(text: string): HclString[] {
  return new HclReader(text).read()
}

class HclReader {
  readonly #text: string
  readonly #strings: HclString[] = []
  readonly #blocks: Block[] = [{ opening: '{', name: '', id: 0, key: '' }]
  #at = 0
  #count = 0
  /** The last word or label, by which a block or a call goes. */
  #label = ''
  #last = ''

  constructor(text: string) {
    this.#text = text
  }

  read(): HclString[] {
    while (this.#at < this.#text.length) this.#step(this.#text[this.#at]!, this.#blocks.at(-1)!)
    return this.#strings
  }

  #step(char: string, block: Block): void {
    if ((char === '#' || char === '/') && this.#take(COMMENT) !== undefined) return
    if (char === '"') this.#string(block)
    else if (char === '<') this.#heredoc(block)
    else if ('{[('.includes(char)) this.#open(char, block)
    else if ('}])'.includes(char)) {
      if (this.#blocks.length > 1) this.#blocks.pop()
      this.#at++
    } else if (char === '\n' || char === ',') {
      if (block.opening === '{' && !(char === '\n' && GOES_ON.includes(this.#last || ' '))) block.key = ''
      this.#at++
    } else this.#word(block)
    if (/\S/.test(char)) this.#last = char
  }

  #open(char: string, block: Block): void {
    this.#at++
    if (this.#blocks.length >= DEPTH_MAX) return
    this.#blocks.push({
      opening: char,
      name: char === '(' ? this.#label : block.key || this.#label,
      id: char === '{' ? ++this.#count : block.id,
      key: char === '{' ? '' : block.key,
    })
  }

  #word(block: Block): void {
    const [word] = this.#take(WORD) ?? []
    if (word === undefined) {
      this.#at++
      return
    }
    this.#label = word
    if (block.key === '' && block.opening === '{' && this.#take(ASSIGNS) !== undefined) block.key = word
  }

  #string(block: Block): void {
    const span = { start: this.#at + 1, end: stringEnd(this.#text, this.#at + 1) }
    this.#at = span.end + 1
    const value = this.#text.slice(span.start, span.end)
    this.#label = value
    if (block.key === '' && block.opening === '{') {
      if (this.#take(ASSIGNS) !== undefined) block.key = value
      return
    }
    this.#add(span, block)
    block.first ??= value
  }

  #heredoc(block: Block): void {
    const [, delimiter] = this.#take(HEREDOC) ?? []
    if (delimiter === undefined) {
      this.#at++
      return
    }
    const close = new RegExp(`^[ \\t]*${delimiter}[ \\t]*\\r?$`, 'gm')
    close.lastIndex = this.#at
    const end = close.exec(this.#text)?.index ?? this.#text.length
    this.#add({ start: this.#at, end }, block, true)
    this.#at = end === this.#text.length ? end : close.lastIndex
  }

  #add(span: Span, block: Block, isHeredoc = false): void {
    const call = this.#blocks.findLast(({ opening }) => opening !== '[')
    const names = this.#blocks.slice(1).filter(({ opening }) => opening === '{')
    this.#strings.push({
      span,
      path: [...names.map(({ name }) => name), block.key].filter((name) => name !== ''),
      block: block.id,
      isDirect: block.opening === '{',
      ...(call?.opening === '(' && {
        call: { name: call.name, ...(call.first !== undefined && { first: call.first }) },
      }),
      ...(isHeredoc && { isHeredoc }),
    })
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match === null) return undefined
    this.#at = pattern.lastIndex
    return match
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
