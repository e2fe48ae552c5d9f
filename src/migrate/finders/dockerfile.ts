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
export const findInDockerfile: Finder = ({ text }) => {
  const found: Found[] = []
  const stages = new Set<string>(['scratch'])
  const syntax = DIRECTIVE.exec(text)
  if (syntax !== null) addImage(syntax.index + syntax[0].length - syntax[1]!.length, syntax[1]!, 'syntax')
  INSTRUCTION.lastIndex = 0
  let stage = 0
  let unclosed = 0
  for (let match = INSTRUCTION.exec(text); match !== null; match = INSTRUCTION.exec(text)) {
    const [whole, word, body] = match as unknown as [string, string, string]
    const at = match.index + whole.length - body.length
    const end = documentEnd(body, at + body.length)
    INSTRUCTION.lastIndex = end
    switch (word.toLowerCase()) {
      case 'from': {
        const [head, quote, image, name] = (FROM.exec(body) ?? []) as [string?, string?, string?, string?]
        if (image === undefined) break
        const from =
          head!.indexOf(`${quote}${image}`, /^(?:--\S+[ \t]+)*/.exec(head!)![0].length) + quote!.length
        addImage(at + from, image, name === undefined ? `FROM (stage ${stage})` : `FROM (stage ${name})`)
        if (name !== undefined) stages.add(name.toLowerCase())
        stage++
        break
      }
      case 'copy':
      case 'add':
        addFlags(at, body, /--from=(["']?)([^\s"']+)\1/g, `${word.toUpperCase()} --from`)
        break
      case 'run':
        addFlags(at, body, /--mount=\S*?\bfrom=()([^\s,"']+)/g, 'RUN --mount')
        for (const one of findInScript(text, { start: scriptStart(body, at), end }, 'dockerfile'))
          found.push(one)
        break
      case 'cmd':
      case 'entrypoint':
      case 'healthcheck':
        for (const one of findInExec(at, body)) found.push(one)
        break
      case 'arg':
      case 'env':
      case 'label':
        for (const { index, 0: pair, 1: name, 2: value } of body.matchAll(VARIABLE)) {
          const quoted = /^["']/.test(value!) ? 1 : 0
          const start = at + index + pair.length - value!.length + quoted
          addVariable({ start, end: start + value!.length - 2 * quoted }, name!, word.toUpperCase())
        }
        addSpaced(at, body, word.toUpperCase())
    }
  }
  return found

  /** The end of an instruction with the here-document that follows it. */
  function documentEnd(body: string, end: number): number {
    const delimiter = HEREDOC.exec(body)?.[2]
    if (delimiter === undefined || unclosed > UNCLOSED_MAX) return end
    const close = new RegExp(`^[\\t ]*${delimiter}[ \\t]*$`, 'gm')
    close.lastIndex = end
    if (close.test(text)) return close.lastIndex
    unclosed++
    return end
  }

  /** A default that is the head of an image in FROM is a registry, whatever its name is. */
  function isHead(name: string): boolean {
    return new RegExp(`\\$\\{?${name}(?:\\}|(?=/))/?`).test(text)
  }

  function addImage(start: number, image: string, owner: string): void {
    if (stages.has(image.toLowerCase()) || /^[0-9]+$/.test(image)) return
    const parts = readReference(text, { start, end: start + image.length }, { hostless: true })
    if (parts !== undefined) found.push({ format: 'dockerfile', parts, owner, confidence: 'certain' })
  }

  function addFlags(at: number, body: string, pattern: RegExp, owner: string): void {
    for (const match of body.matchAll(pattern)) {
      const [flag, quote, image] = match as unknown as [string, string, string]
      addImage(at + match.index + flag.length - quote.length - image.length, image, owner)
    }
  }

  /** `ENV NAME VALUE`, the form without an equals sign. */
  function addSpaced(at: number, body: string, instruction: string): void {
    const [whole, name, value] = SPACED.exec(body) ?? []
    if (whole === undefined) return
    const start = at + whole.length - value!.length
    addVariable(unquoted(text, { start, end: start + value!.trimEnd().length }), name!, instruction)
  }

  /** `["word", …]`, or what a shell runs. */
  function findInExec(at: number, body: string): readonly Found[] {
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

  function addVariable(span: Span, name: string, instruction: string): void {
    const parts = readSetting(text, span, isHead(name) ? 'registry' : name)
    if (parts === undefined) return
    const confidence = parts.registry === undefined || namesRegistry(name) ? 'certain' : 'likely'
    const owner = `${instruction} ${name}`
    found.push(underName({ format: 'dockerfile', parts, owner, confidence }, name))
  }
}

/** `RUN <<EOF` runs what follows. */
function scriptStart(body: string, at: number): number {
  return HEREDOC.exec(body)?.index === 0 ? at + body.length : at
}
