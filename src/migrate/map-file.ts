import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { PortolanError } from '../errors.ts'
import { findLoops } from './map.ts'
import type { MapData, Move, Rename } from './map-data.ts'

/** A host, as a reference may begin with, and the beginning of a path; `*` is looked for apart. */
const PREFIX =
  /^(?:localhost(?::[0-9]{1,5})?|(?:[a-z0-9-]+\.)+[a-z0-9-]+(?::[0-9]{1,5})?|[a-z0-9-]+:[0-9]{1,5}|\[[0-9a-f:.]+\](?::[0-9]{1,5})?)(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/
const NAME = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/
const EXAMPLE = 'such as "registry.k8s.io: mirror.example/k8s"'

/**
 * Reads an operator's map, YAML or JSON: pairs `FROM: TO`, or a list of `{from, to, renames}` where `renames` has pairs
 * of repositories under the two. Throws `CONFIG_INVALID` with one line for each fault, naming file, line and value.
 */
export function parseMapFile(text: string, fileName: string): MapData {
  const lines = new LineCounter()
  const faults: string[] = []
  const fault = (node: unknown, message: string) => {
    const { line, col } = lines.linePos((node as Node | null)?.range?.[0] ?? 0)
    faults.push(`${fileName}:${line}:${col}: ${message}`)
  }
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
    schema: 'failsafe',
    merge: false,
    logLevel: 'error',
  })
  for (const { message, pos } of document.errors.slice(0, 1)) {
    const { line, col } = lines.linePos(pos[0])
    faults.push(`${fileName}:${line}:${col}: is not YAML: ${message}`)
  }
  const at: unknown[] = []
  const moves: Move[] = []
  const add = (node: unknown, from: unknown, to: unknown, renames: readonly Rename[] = []) => {
    const [source, target] = [prefixOf(from), prefixOf(to)]
    if (source === undefined)
      fault(from ?? node, `${shown(from)} is no name to move from: HOST[:PORT][/PATH], ${EXAMPLE}`)
    if (target === undefined)
      fault(to ?? node, `${shown(to)} is no name to move to: HOST[:PORT][/PATH], ${EXAMPLE}`)
    if (source === undefined || target === undefined) return
    if (moves.some((move) => move.from === source))
      fault(from, `${JSON.stringify(source)} stands here a second time`)
    at.push(to)
    moves.push({ from: source, to: target, ...(renames.length > 0 && { renames }) })
  }
  const { contents } = document
  if (faults.length > 0) {
    // What is not YAML has no parts to be checked.
  } else if (isMap(contents)) {
    for (const { key, value } of contents.items) add(key, key, value)
  } else if (isSeq(contents)) {
    for (const item of contents.items) addItem(item)
  } else {
    fault(contents, `must be pairs FROM: TO, or a list of {from, to}, ${EXAMPLE}`)
  }
  if (faults.length === 0 && moves.length === 0) fault(contents, `has no names to move, ${EXAMPLE}`)
  if (faults.length === 0) {
    for (const [index, other] of findLoops(moves)) {
      const [move, second] = [moves[index]!, moves[other]!]
      fault(
        at[index],
        `what moves to ${JSON.stringify(move.to)} would be moved again by ${JSON.stringify(second.from)}: ` +
          `${JSON.stringify(second.to)}; write where it ends up`,
      )
    }
  }
  if (faults.length > 0) throw new PortolanError('CONFIG_INVALID', faults.join('\n'), { faults })
  return { moves, related: [] }

  function addItem(item: unknown): void {
    if (!isMap(item)) {
      fault(item, `must be {from: …, to: …}, ${EXAMPLE}`)
      return
    }
    const unknown = item.items.find(({ key }) => !['from', 'to', 'renames'].includes(textOf(key) ?? ''))
    if (unknown) fault(unknown.key, `${shown(unknown.key)} is no key here; the keys are from, to, renames`)
    add(item, item.get('from', true), item.get('to', true), renamesOf(item.get('renames', true)))
  }

  function renamesOf(node: unknown): Rename[] {
    if (node === undefined) return []
    if (!isMap(node)) {
      fault(node, 'renames must be pairs of repositories, such as "coredns: coredns/coredns"')
      return []
    }
    return node.items.map(({ key, value }) => {
      for (const part of [key, value]) {
        if (!NAME.test(textOf(part) ?? '')) fault(part ?? node, `${shown(part)} is no name of a repository`)
      }
      return { from: textOf(key) ?? '', to: textOf(value) ?? '' }
    })
  }
}

function prefixOf(node: unknown): string | undefined {
  const text = textOf(node)?.replace(/\/$/, '')
  if (text === undefined) return undefined
  const [host, ...rest] = text.split('/') as [string, ...string[]]
  const prefix = [host.toLowerCase(), ...rest].join('/')
  return PREFIX.test(prefix) ? prefix : undefined
}

function textOf(node: unknown): string | undefined {
  return isScalar(node) && typeof node.value === 'string' ? node.value : undefined
}

function shown(node: unknown): string {
  return JSON.stringify(textOf(node) ?? null)
}
