import type { Confidence, Finder, Format, Found, Span } from '../found.ts'
import { COMPARED } from './comparison.ts'
import { underName } from './guard.ts'
import { byPlace, startOf } from './overlap.ts'
import { confidenceOf, findSettings, readSetting } from './settings.ts'
import { readShell, type ShellCommand } from './shell-words.ts'
import { findInWords, unquoted } from './word.ts'

/** What pulls, pushes, copies, runs or inspects images: a reference among its arguments is one for certain. */
const IMAGE_TOOLS = new Set(
  (
    'docker podman nerdctl crictl ctr buildah skopeo crane gcrane regctl oras cosign trivy grype syft kind minikube ' +
    'k3d kubectl oc helm kubeadm img kaniko nomad lima colima'
  ).split(' '),
)
/** What talks, reads files or makes requests: a host among its arguments is no image. */
const NO_IMAGES = new Set(
  (
    'curl wget ping dig nslookup host openssl nc telnet git ssh scp rsync grep egrep fgrep rg sed awk cd pushd mkdir ls ' +
    'cat cp mv rm go npm pip apt apt-get yum dnf die fail warn info error debug log note fatal usage'
  ).split(' '),
)
/** What gives content that has one name another one too. */
const COPIES = new Set(['tag', 'copy', 'cp', 'retag', 'sync', 'mirror'])
/** What compares words. */
const TESTS = new Set(['test', '[', '[['])
const SPEAKS = new Set(['echo', 'printf', 'print'])
/** What runs a script that is given to it as one word. */
const RUNS_SCRIPTS = new Set([
  'bash',
  'sh',
  'zsh',
  'dash',
  'ash',
  'eval',
  'ssh',
  'su',
  'watch',
  'xargs',
  'timeout',
])
const WRAPPERS = new Set(
  'sudo env time exec command nice nohup then do else if while until ! { local export readonly declare typeset in'.split(
    ' ',
  ),
)
const ASSIGNMENT = /^([A-Za-z_][\w.-]*(?:\[[^\]\s]*\])?)\+?=/
const FLAG = /^(--?[A-Za-z][\w.-]*)(=?)/
/** Helm's flags that take `KEY=VALUE,…`. */
const SETS = /^--set(?:-string)?$/
const SCRIPTS_DEEP_MAX = 4

/** Finds references in a shell script. */
export const findInShell: Finder = ({ text }) => findInScript(text, { start: 0, end: text.length }, 'shell')

/** Finds references in a stretch of a text that a shell runs, such as a recipe or a step of a pipeline. */
export function findInScript(text: string, span: Span, format: Format, depth = 0): Found[] {
  const { commands, documents } = readShell(text, span)
  const found = commands.flatMap((command) => findInCommand(text, command, format, depth))
  for (const document of documents) {
    for (const one of findSettings(text, document, { format, owner: 'here-document', confidence: 'likely' }))
      found.push(one)
  }
  return found.sort(byPlace)
}

function findInCommand(text: string, { array, words }: ShellCommand, format: Format, depth: number): Found[] {
  const found: Found[] = []
  const add = (span: Span, name: string, owner: string, confidence: Confidence) => {
    const parts = readSetting(text, span, name)
    if (parts !== undefined) found.push(underName({ format, parts, owner, confidence }, name))
    return parts !== undefined
  }
  const addValue = (span: Span, name: string, owner: string, confidence: Confidence) => {
    if (add(span, name, owner, confidence)) return
    if (/\s/.test(text.slice(span.start, span.end)))
      for (const one of findInWords(text, span, { format, owner })) found.push(underName(one, name))
  }

  const first = array === undefined ? words.findIndex((word) => isCommandName(wordText(text, word))) : -1
  const name = first < 0 ? '' : baseName(wordText(text, words[first]!))
  const speaks = SPEAKS.has(name) && !handsOn(text, words.slice(first + 1))
  const compares = TESTS.has(name)
  const isTool = IMAGE_TOOLS.has(name)
  const isLogin = isTool && words.some((word) => /^log(?:in|out)$/.test(wordText(text, word)))
  const owner = array !== undefined ? `variable ${array}` : name === '' ? 'word' : `command ${name}`

  for (const [index, word] of words.entries()) {
    const span = unquoted(text, word)
    const isQuoted = span.start > word.start
    const value = text.slice(span.start, span.end)
    const assignment = ASSIGNMENT.exec(value)
    const flag = FLAG.exec(value)
    const awaiting = index > 0 ? awaitingFlag(wordText(text, words[index - 1]!)) : undefined
    if (array !== undefined) addValue(withoutIndex(text, span), array, owner, 'likely')
    else if (compares) addCompared(span)
    else if (awaiting !== undefined) addFlag(span, awaiting)
    else if (assignment !== null && (!isQuoted || (SPEAKS.has(name) && !speaks))) {
      const target = unquoted(text, { start: span.start + assignment[0].length, end: span.end })
      const variable = assignment[1]!
      const isArgument = first >= 0 && index > first
      if (isArgument && isTool) addPairs(span)
      else addVariable(target, variable, isArgument ? `${owner} ${variable}` : `variable ${variable}`)
    } else if (flag !== null) {
      if (flag[2] !== '=') continue
      addFlag(unquoted(text, { start: span.start + flag[0].length, end: span.end }), flag[1]!)
    } else if (index <= first) continue
    else if (/\s|^[{[]/.test(value)) {
      if (RUNS_SCRIPTS.has(name) && depth < SCRIPTS_DEEP_MAX) {
        for (const one of findInScript(text, span, format, depth + 1)) found.push(one)
      } else if (!SPEAKS.has(name) && !NO_IMAGES.has(name)) {
        for (const one of findInWords(text, span, { format, owner })) found.push(one)
      }
    } else if (!speaks && !NO_IMAGES.has(name)) {
      add(span, isLogin ? 'registry' : '', owner, isTool ? 'certain' : 'likely')
    }
  }
  const isCopy = isTool && words.some((word) => COPIES.has(wordText(text, word)))
  return isCopy ? found.map((one) => ({ ...one, beside: valuesBefore(text, words, one) })) : found

  /** A host alone is the head of references, whatever the variable is called. */
  function addVariable(span: Span, variable: string, of: string): void {
    addValue(span, variable, of, 'likely')
    if (found.at(-1)?.owner === of || !isHostAlone(text, span)) return
    const parts = readSetting(text, span, 'registry')
    if (parts !== undefined)
      found.push(underName({ format, parts, owner: of, confidence: 'likely' }, variable))
  }

  function addFlag(span: Span, flag: string): void {
    if (SETS.test(flag)) addPairs(span)
    else addValue(span, flag, `flag ${flag}`, confidenceOf(flag))
    const last = found.at(-1)
    // CoreDNS is looked for there too, as by `imageRepository`.
    if (name === 'kubeadm' && flag === '--image-repository' && last?.owner === `flag ${flag}`)
      found[found.length - 1] = { ...last, dns: { api: '', ...kubeadmVersion(text, words), isOwn: false } }
  }

  /** To change one side of a comparison is to change what it says. */
  function addCompared(span: Span): void {
    const parts = readSetting(text, span, 'registry')
    if (parts !== undefined)
      found.push({ format, parts, owner: `test ${name}`, confidence: 'likely', fixed: COMPARED })
  }

  /** `a.image=REFERENCE,b=…`, as in `helm --set` and `kubectl set image`. */
  function addPairs(span: Span): void {
    for (const { index, 0: pair } of text.slice(span.start, span.end).matchAll(/[^,]+/g)) {
      const equals = pair.indexOf('=')
      if (equals < 0) continue
      const key = pair.slice(0, equals)
      const start = span.start + index + equals + 1
      add({ start, end: span.start + index + pair.length }, key, `${owner} ${key}`, 'certain')
    }
  }
}

/** The version that kubeadm is told: `--kubernetes-version v1.22.3`, with `=` or as the next word. */
function kubeadmVersion(text: string, words: readonly Span[]): { version?: string } {
  const command = words.map((word) => wordText(text, word)).join(' ')
  const [, version] = /--kubernetes-version[= ]["']?(v?\d+\.\d+\.\d+)/.exec(command) ?? []
  return version === undefined ? {} : { version }
}

/** The words before one that may be references: what it is a copy of. */
function valuesBefore(text: string, words: readonly Span[], found: Found): string[] {
  const start = startOf(found)
  return words
    .filter((word) => word.end <= start)
    .map((word) => wordText(text, unquoted(text, word)))
    .filter((value) => value.includes('/'))
}

function isHostAlone(text: string, { start, end }: Span): boolean {
  return /^(?:\$\{\w+:?[-=])?[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?(?:\/[\w./-]*)?\}?$/i.test(
    text.slice(start, end),
  )
}

/** The flag whose value is the next word, when that value may be a reference: `--image X`, `--set a.image=X`. */
function awaitingFlag(word: string): string | undefined {
  const [, flag, equals] = FLAG.exec(word) ?? []
  if (flag === undefined || equals === '=' || !flag.startsWith('--')) return undefined
  return confidenceOf(flag) === 'certain' || SETS.test(flag) ? flag : undefined
}

/**
 * Whether what is said is not for people: references and settings alone, as in `printf '%s\\n' REFERENCE | xargs …` and
 * `echo "IMAGE=REFERENCE" >> "$GITHUB_ENV"`.
 */
function handsOn(text: string, words: readonly Span[]): boolean {
  return words.every((word) => {
    const value = text.slice(word.start, word.end).replace(/^["']|["']$/g, '')
    return /^-[neE]+$|^%|^\S*[./=]\S*$/.test(value)
  })
}

/** The element of an array that is given by its key: `[key]=value`. */
function withoutIndex(text: string, { start, end }: Span): Span {
  const [index = ''] = /^\[[^\]\s]*\]=/.exec(text.slice(start, end)) ?? []
  return unquoted(text, { start: start + index.length, end })
}

function isCommandName(word: string): boolean {
  return !ASSIGNMENT.test(word) && !WRAPPERS.has(word) && !word.startsWith('-')
}

function baseName(word: string): string {
  return word.slice(word.lastIndexOf('/') + 1).replace(/^[@+-]+/, '')
}

function wordText(text: string, { start, end }: Span): string {
  return text.slice(start, end)
}
