import { type Finder, type Found, NO_TOOLS, type Span } from '../found.ts'
import { literalText, relocate } from '../inner-text.ts'
import { underName } from './guard.ts'
import { namesRegistry } from './names.ts'
import { readSetting } from './settings.ts'
import { findInScript } from './shell.ts'
import { findInValue } from './value.ts'
import { unquoted } from './word.ts'
import { readReference } from './written-reference.ts'

/** An instruction with the lines that it continues on; lines of comments between them are stepped over. */
const INSTRUCTION =
  /^[ \t]*(?:onbuild[ \t]+)?([a-z]+)[ \t]+((?:[\\`][ \t]*\r?\n(?:[ \t]*#[^\n]*\r?\n)*|[^\n])*)/gim
const DIRECTIVE = /^(?:\uFEFF)?(?:#[ \t]*[a-z]+[ \t]*=[^\n]*\n)*?#[ \t]*syntax[ \t]*=[ \t]*([^\s]+)/i
const FROM = /^(?:--\S+[ \t]+)*(["']?)([^\s"']+)\1(?:[ \t]+as[ \t]+(\S+))?/i
const VARIABLE = /(?:^|[ \t])([A-Za-z_]\w*)=("[^"\n]*"|'[^'\n]*'|[^\s"']+)/g
/** Each is looked for to the end of the text. */
const UNCLOSED_MAX = 16
const SPACED = /^([A-Za-z_]\w*)[ \t]+(?!=)(\S+[ \t]*\r?)$/
const HEREDOC = /<<-?(["']?)([A-Za-z_]\w*)\1/

/**
 * Finds references in a Dockerfile: `FROM`, `COPY --from`, `RUN --mount=from=`, `# syntax`, defaults of `ARG` and what
 * `RUN` runs. Names and numbers of stages are none.
 */
export const findInDockerfile: Finder = ({ text }) => new DockerfileReader(text).read()

class DockerfileReader {
  readonly #text: string
  readonly #found: Found[] = []
  readonly #stages = new Set<string>(['scratch'])
  /** How many stages have begun, named or not. */
  #stage = 0
  /** How many here-documents were never closed. */
  #unclosed = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): readonly Found[] {
    const text = this.#text
    const syntax = DIRECTIVE.exec(text)
    if (syntax !== null)
      this.#addImage(syntax.index + syntax[0].length - syntax[1]!.length, syntax[1]!, 'syntax')
    INSTRUCTION.lastIndex = 0
    for (let match = INSTRUCTION.exec(text); match !== null; match = INSTRUCTION.exec(text)) {
      const [whole, word, body] = match as unknown as [string, string, string]
      const at = match.index + whole.length - body.length
      const end = this.#documentEnd(body, at + body.length)
      INSTRUCTION.lastIndex = end
      this.#readInstruction(word.toLowerCase(), body, { start: at, end })
    }
    return this.#found
  }

  /** `end` is where the instruction ends with its here-document. */
  #readInstruction(word: string, body: string, { start, end }: Span): void {
    switch (word) {
      case 'from':
        this.#readFrom(start, body)
        break
      case 'copy':
      case 'add':
        this.#addFlags(start, body, /--from=(["']?)([^\s"']+)\1/g, `${word.toUpperCase()} --from`)
        break
      case 'run':
        this.#addFlags(start, body, /--mount=\S*?\bfrom=()([^\s,"']+)/g, 'RUN --mount')
        for (const one of findInScript(this.#text, { start: scriptStart(body, start), end }, 'dockerfile'))
          this.#found.push(one)
        break
      case 'cmd':
      case 'entrypoint':
      case 'healthcheck':
        for (const one of this.#findInExec(start, body)) this.#found.push(one)
        break
      case 'arg':
      case 'env':
      case 'label':
        this.#readVariables(start, body, word.toUpperCase())
    }
  }

  #readFrom(at: number, body: string): void {
    const [head, quote, image, name] = (FROM.exec(body) ?? []) as [string?, string?, string?, string?]
    if (image === undefined) return
    const from = head!.indexOf(`${quote}${image}`, /^(?:--\S+[ \t]+)*/.exec(head!)![0].length) + quote!.length
    const owner = name === undefined ? `FROM (stage ${this.#stage})` : `FROM (stage ${name})`
    this.#addImage(at + from, image, owner)
    if (name !== undefined) this.#stages.add(name.toLowerCase())
    this.#stage++
  }

  #readVariables(at: number, body: string, instruction: string): void {
    for (const { index, 0: pair, 1: name, 2: value } of body.matchAll(VARIABLE)) {
      const quoted = /^["']/.test(value!) ? 1 : 0
      const start = at + index + pair.length - value!.length + quoted
      this.#addVariable({ start, end: start + value!.length - 2 * quoted }, name!, instruction)
    }
    // `ENV NAME VALUE`, the form without an equals sign.
    const [whole, name, value] = SPACED.exec(body) ?? []
    if (whole === undefined) return
    const start = at + whole.length - value!.length
    const span = unquoted(this.#text, { start, end: start + value!.trimEnd().length })
    this.#addVariable(span, name!, instruction)
  }

  /** The end of an instruction with the here-document that follows it. */
  #documentEnd(body: string, end: number): number {
    const delimiter = HEREDOC.exec(body)?.[2]
    if (delimiter === undefined || this.#unclosed > UNCLOSED_MAX) return end
    const close = new RegExp(`^[\\t ]*${delimiter}[ \\t]*$`, 'gm')
    close.lastIndex = end
    if (close.test(this.#text)) return close.lastIndex
    this.#unclosed++
    return end
  }

  /** A default that is the head of an image in FROM is a registry, whatever its name is. */
  #isHead(name: string): boolean {
    return new RegExp(`\\$\\{?${name}(?:\\}|(?=/))/?`).test(this.#text)
  }

  #addImage(start: number, image: string, owner: string): void {
    if (this.#stages.has(image.toLowerCase()) || /^[0-9]+$/.test(image)) return
    const parts = readReference(this.#text, { start, end: start + image.length }, { hostless: true })
    if (parts !== undefined) this.#found.push({ format: 'dockerfile', parts, owner, confidence: 'certain' })
  }

  #addFlags(at: number, body: string, pattern: RegExp, owner: string): void {
    for (const match of body.matchAll(pattern)) {
      const [flag, quote, image] = match as unknown as [string, string, string]
      this.#addImage(at + match.index + flag.length - quote.length - image.length, image, owner)
    }
  }

  /** `["word", …]`, or what a shell runs. */
  #findInExec(at: number, body: string): readonly Found[] {
    const text = this.#text
    const list = /^(?:CMD[ \t]+)?(?:--\S+[ \t]+)*\[/i.exec(body)
    const span = { start: at, end: at + body.length }
    if (list === null) return findInScript(text, span, 'dockerfile')
    return [...body.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)].flatMap(({ index, 1: word }) => {
      const start = at + index + 1
      const place = { format: 'dockerfile', owner: 'command', key: 'command' } as const
      const inner = literalText(text, { start, end: start + word!.length })
      return findInValue(inner.value, place, NO_TOOLS).map((one) => ({
        ...one,
        parts: relocate(one.parts, inner),
      }))
    })
  }

  #addVariable(span: Span, name: string, instruction: string): void {
    const parts = readSetting(this.#text, span, this.#isHead(name) ? 'registry' : name)
    if (parts === undefined) return
    const confidence = parts.registry === undefined || namesRegistry(name) ? 'certain' : 'likely'
    const owner = `${instruction} ${name}`
    this.#found.push(underName({ format: 'dockerfile', parts, owner, confidence }, name))
  }
}

/** `RUN <<EOF` runs what follows. */
function scriptStart(body: string, at: number): number {
  return HEREDOC.exec(body)?.index === 0 ? at + body.length : at
}
