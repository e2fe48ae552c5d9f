import { isMap, isSeq, type YAMLMap } from 'yaml'
import { isStringScalar, type StringScalar, stringOf, type YamlDocument } from '../yaml/yaml-document.ts'
import type { YamlRules } from './yaml-rules.ts'

/** A string of a document, and all that its surroundings say of it. */
export interface YamlString {
  readonly scalar: StringScalar
  /** Keys from the object down, `[]` for what is in a list. */
  readonly path: readonly string[]
  /** It is a key that names a registry. */
  readonly isKey?: true
  /** What it belongs to, such as `Pod/web spec.nodeName`. */
  readonly owner: string
  readonly apiVersion?: string
  readonly kind?: string
  /** What the map that it is in is called by its `name`, or the nearest one above that is. */
  readonly called?: string
  /** The name of the file that it is the content of. */
  readonly file?: string
  /** It is one end of a redirect between registries; these are the others. */
  readonly redirect?: readonly string[]
  /** What it is copied from or to, or stands in the place of, by the keys of its map. */
  readonly counterparts?: readonly string[]
  /** A condition compares something with it, or it is looked for. */
  readonly isCompared?: true
  /** The other strings of the list that it is in. */
  beside(): string[]
}

/** The two ends of a copy or a replacement, by the keys of one map. */
const FROM = /^(?:from|source|src|name|old|original)$/i
const TO = /^(?:to|target|dest|dst|destination|repository|new|replacement|replace)$/i
/** How a condition compares. */
const OPERATOR =
  /^(?:not_?)?(?:any_?|all_?)?(?:not_?)?(?:in|equals?|eq|ne|contains|matches|(?:starts|ends)_?with|regex|[=!]=|=~)$/i
/** What is looked for in other texts, and rules that compare. */
const SOUGHT = /^(?:rego|regexp?|search|search_?string|find|matches)$/i

/** What a value is in. */
interface Place
  extends Pick<
    YamlString,
    'path' | 'apiVersion' | 'kind' | 'called' | 'file' | 'redirect' | 'counterparts' | 'isCompared'
  > {
  readonly node: unknown
  readonly parent?: unknown
  readonly object: string
}

const NO_MIRRORS: ReadonlyMap<string, readonly string[]> = new Map()
/** Keys that say where the text beside them is written to, likeliest first. */
const FILE_KEYS = ['path', 'dest', 'destination', 'filename', 'file', 'name']
const FILE_NAME = /^\/|(?:^|\/)[\w@.-]+\.[A-Za-z]\w{0,9}$/

/**
 * Gives the strings of a document, aliases where they are anchored; those alone that are relevant, where something says
 * which are. Steps through all nodes with a list of its own, since
 * a text may be nested deeper than calls can be.
 */
export function* stringsOf(
  document: YamlDocument,
  above: readonly string[],
  { isRegistryKey }: Pick<YamlRules, 'isRegistryKey'>,
  isRelevant: (text: string) => boolean = () => true,
): Iterable<YamlString> {
  const left: Place[] = [{ node: document.contents, path: above, object: '' }]
  for (let place = left.pop(); place !== undefined; place = left.pop()) {
    const { node } = place
    if (isStringScalar(node)) {
      if (isRelevant(node.value)) yield stringAt(node, place)
    } else if (isSeq(node)) {
      const path = [...place.path, '[]']
      for (const item of node.items) left.push({ ...place, node: item, path, parent: node })
    } else if (isMap(node)) {
      const inner = enter(document, node, place)
      const mirrored = mirrorsOf(document, node)
      const isCondition = OPERATOR.test(document.getString(node, 'operator')?.value ?? '')
      for (const { key, value } of node.items) {
        if (!isStringScalar(key)) continue
        const path = [...inner.path, key.value]
        const ends = isRegistryKey?.(path) ? urlsBelow(value) : undefined
        if (ends !== undefined && isRelevant(key.value))
          yield { ...stringAt(key, { ...inner, path: inner.path, redirect: ends }), isKey: true }
        const redirect = ends !== undefined ? [key.value] : mirrored.get(key.value)
        const counterparts = counterpartsOf(document, node, key.value)
        const isCompared = SOUGHT.test(key.value) || (isCondition && /^values?$/.test(key.value))
        left.push({
          ...{ ...inner, node: value, path, parent: node },
          ...(redirect && { redirect }),
          ...(counterparts.length > 0 && { counterparts }),
          ...(isCompared && { isCompared }),
        })
      }
    }
  }
}

function stringAt(scalar: StringScalar, { object, path, node: _, parent, ...rest }: Place): YamlString {
  const keys = path.filter((key) => key !== '[]').join('.')
  const owner = [object, keys].filter((part) => part !== '').join(' ') || 'document'
  return {
    ...rest,
    scalar,
    path,
    owner,
    beside: () =>
      isSeq(parent) ? parent.items.flatMap((item) => (item === scalar ? [] : (stringOf(item) ?? []))) : [],
  }
}

/** A map with an API and a kind is an object of its own, wherever it stands. */
function enter(document: YamlDocument, map: YAMLMap, place: Place): Place {
  const text = (key: string) => document.getString(map, key)?.value
  const name = FILE_KEYS.map(text).find((value) => value !== undefined && FILE_NAME.test(value))
  const { file: _, counterparts: _of, isCompared: _by, ...outer } = place
  const called = text('name') ?? text('key')
  const here = {
    ...outer,
    ...(name !== undefined && { file: name }),
    ...(called !== undefined && { called }),
  }
  const [apiVersion, kind] = [text('apiVersion'), text('kind')]
  if (apiVersion === undefined || kind === undefined) return here
  const metadata = document.get(map, 'metadata')
  const own = isMap(metadata) ? document.getString(metadata, 'name')?.value : undefined
  return { ...here, path: [], apiVersion, kind, object: own === undefined ? kind : `${kind}/${own}` }
}

/** `source` with its `mirrors`, as OpenShift has them: each is an end of a redirect for the other. */
function mirrorsOf(document: YamlDocument, map: YAMLMap): ReadonlyMap<string, readonly string[]> {
  const source = document.getString(map, 'source')?.value
  const mirrors = document.get(map, 'mirrors')
  if (source === undefined || !isSeq(mirrors)) return NO_MIRRORS
  return new Map([
    ['source', mirrors.items.flatMap((item) => stringOf(item) ?? [])],
    ['mirrors', [source]],
  ])
}

function counterpartsOf(document: YamlDocument, map: YAMLMap, key: string): string[] {
  const others = FROM.test(key) ? TO : TO.test(key) ? FROM : undefined
  if (others === undefined) return []
  return map.items.flatMap(({ key: other, value }) =>
    others.test(stringOf(other) ?? '') ? (stringOf(document.resolve(value)) ?? []) : [],
  )
}

/** The strings below a registry's key, in lists or one map deeper. */
function urlsBelow(node: unknown): string[] {
  if (isStringScalar(node)) return [node.value]
  if (isSeq(node)) return node.items.flatMap((item) => stringOf(item) ?? [])
  if (!isMap(node)) return []
  return node.items.flatMap(({ key, value }) =>
    /^endpoints?$/.test(stringOf(key) ?? '') ? urlsBelow(value) : [],
  )
}
