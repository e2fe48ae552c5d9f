import { isMap, isScalar, isSeq, parseDocument, stringify } from 'yaml'
import { PortolanError } from '../errors.ts'
import { applyEdits } from './edit.ts'
import type { Rewritten } from './rewrite.ts'

type Values = { [key: string]: unknown }

/** How many values the aliases of a values file may stand for, within a list that has to be given whole. */
const ALIASES_MAX = 1000

/** Gathers what is changed in the values of charts, as the values that override them. */
export class HelmOverride {
  readonly #values: Values = {}
  #count = 0

  /** How many values there are. */
  get count(): number {
    return this.#count
  }

  /**
   * Adds the changes of one values file. Those of a chart within another (`charts/NAME/values.yaml`) are put under its
   * name. A list is given whole, since Helm replaces lists. Throws `USAGE` when two files change one value otherwise.
   */
  add(path: string, text: string, { edits }: Pick<Rewritten, 'edits'>): void {
    if (edits.length === 0) return
    const prefix = [...path.replaceAll('\\', '/').matchAll(/(?:^|\/)charts\/([^/]+)(?=\/)/g)].map(
      ([, name]) => name!,
    )
    const [before, after] = [text, applyEdits(text, edits)].map((one) =>
      parseDocument(one, { logLevel: 'silent', uniqueKeys: false, version: '1.2', merge: true }),
    ) as [ReturnType<typeof parseDocument>, ReturnType<typeof parseDocument>]
    for (const { start } of edits) {
      const keys = pathAt(before.contents, start)
      if (keys === undefined) continue
      const value = after.getIn(keys, true)
      const plain =
        isMap(value) || isSeq(value) || isScalar(value)
          ? value.toJS(after, { maxAliasCount: ALIASES_MAX })
          : value
      this.#set([...prefix, ...keys], plain, path)
    }
  }

  /** The values as YAML. */
  toString(): string {
    return stringify(this.#values, { lineWidth: 0 })
  }

  #set(keys: readonly string[], value: unknown, path: string): void {
    let at = this.#values
    for (const key of keys.slice(0, -1)) {
      if (!Object.hasOwn(at, key)) define(at, key, {})
      at = at[key] as Values
    }
    const last = keys.at(-1)!
    if (!Object.hasOwn(at, last)) this.#count++
    else if (JSON.stringify(at[last]) !== JSON.stringify(value)) {
      const name = keys.join('.')
      const message = `${path} changes the value ${name} otherwise than a file before it: override one chart at a time`
      throw new PortolanError('USAGE', message, { path, value: name })
    }
    define(at, last, value)
  }
}

/** The keys down to the string at an offset, as far as the first list. */
function pathAt(root: unknown, offset: number): string[] | undefined {
  const keys: string[] = []
  let node = root
  while (isMap(node)) {
    const pair = node.items.find(({ value }) => {
      const range = (value as { range?: readonly number[] } | null)?.range
      return range !== undefined && range[0]! <= offset && offset < Math.max(range[1]!, range[0]! + 1)
    })
    if (pair === undefined || !isScalar(pair.key)) return undefined
    keys.push(String(pair.key.value))
    node = pair.value
  }
  return keys.length === 0 ? undefined : keys
}

/** Not by assignment, for which `__proto__` would be no key like others. */
function define(values: Values, key: string, value: unknown): void {
  Object.defineProperty(values, key, { value, enumerable: true, writable: true, configurable: true })
}
