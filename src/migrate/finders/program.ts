import { escapeRegExp } from '../../internal/escape-reg-exp.ts'
import type { Confidence, Finder, Format, Found, Span } from '../found.ts'
import { byPlace } from './overlap.ts'
import { findInScript } from './shell.ts'
import { readReference } from './written-reference.ts'

/** How strings and comments of a family of languages begin; strings are tried longest first. */
interface Syntax {
  readonly comments: readonly (readonly [open: string, close: string])[]
  readonly strings: readonly (readonly [open: string, close: string])[]
}

const SLASHES = [
  ['//', '\n'],
  ['/*', '*/'],
] as const
const TRIPLE = [
  ['"""', '"""'],
  ["'''", "'''"],
] as const
const QUOTES = [
  ['"', '"'],
  ["'", "'"],
] as const
const SYNTAXES: Readonly<Record<'c' | 'hash' | 'both' | 'nix', Syntax>> = {
  c: { comments: SLASHES, strings: [...TRIPLE, ...QUOTES, ['`', '`']] },
  hash: { comments: [['#', '\n']], strings: [...TRIPLE, ...QUOTES] },
  both: { comments: [...SLASHES, ['#', '\n']], strings: [['|||', '|||'], ...TRIPLE, ...QUOTES] },
  nix: {
    comments: [
      ['#', '\n'],
      ['/*', '*/'],
    ],
    strings: [
      ["''", "''"],
      ['"', '"'],
    ],
  },
}

/** Which languages are written how, by the ends of their files' names. */
const LANGUAGES: readonly (readonly [RegExp, keyof typeof SYNTAXES])[] = [
  [/\.(?:jsonnet|libsonnet|cue|star|php)$/i, 'both'],
  [/\.nix$/i, 'nix'],
  [
    /\.(?:py|pyi|bzl|bazel|rb|pl|jl|ex|exs|tcl|r)$|(?:^|\/)(?:BUILD|WORKSPACE|Tiltfile|Vagrantfile|Rakefile|SConstruct)(?:\.\w+)?$/,
    'hash',
  ],
]

/** A program whose name has no end that says what it is. */
const SCRIPT = /^#!.*\b(?:python|ruby|perl)/

/** Makes a finder of strings in programs. A string that is a reference as a whole is one; so is what a command pulls. */
export function createProgramFinder(format: Format, confidence: Confidence): Finder {
  return ({ path, text }) => {
    const language = LANGUAGES.find(([names]) => names.test(path))?.[1] ?? (SCRIPT.test(text) ? 'hash' : 'c')
    const found: Found[] = []
    for (const span of stringsOf(text, SYNTAXES[language])) {
      const parts = readReference(text, span)
      if (parts?.whole !== undefined || parts?.repository !== undefined)
        found.push({ format, parts, owner: 'string', confidence })
      else if (/\s/.test(text.slice(span.start, span.end)) && parts === undefined) {
        const commands = findInScript(text, span, format).filter((one) => one.confidence === 'certain')
        found.push(...commands.map((one) => ({ ...one, owner: `string: ${one.owner}`, confidence })))
      }
    }
    return found.sort(byPlace)
  }
}

/** The strings of a program, their quotes left out. One that is never closed is passed over. */
function* stringsOf(text: string, { comments, strings }: Syntax): Iterable<Span> {
  const marks = [...comments, ...strings].map(([open]) => escapeRegExp(open))
  const next = new RegExp(marks.join('|'), 'g')
  const absent = new Set<string>()
  for (let match = next.exec(text); match !== null; match = next.exec(text)) {
    const [open] = match
    const start = match.index + open.length
    const comment = comments.find(([mark]) => mark === open)
    if (comment !== undefined) {
      const end = text.indexOf(comment[1], start)
      next.lastIndex = end < 0 ? text.length : end + comment[1].length
      continue
    }
    const close = strings.find(([mark]) => mark === open)![1]
    const end = absent.has(open) ? -1 : closing(text, start, close)
    if (end < 0) {
      if (end === -2) absent.add(open)
      next.lastIndex = start
      continue
    }
    yield { start, end }
    next.lastIndex = end + close.length
  }
}

/** -1 when the line ends before a string of one line does, -2 when it is closed nowhere. */
function closing(text: string, start: number, close: string): number {
  const isLong = close.length > 1 || close === '`'
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\' && close !== '`' && close !== "''") at++
    else if (text.startsWith(close, at)) return at
    else if (!isLong && text[at] === '\n') return -1
  }
  return -2
}
