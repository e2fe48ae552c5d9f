import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createJsonSchema } from './json-schema.ts'

interface Node {
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly items?: Node
  readonly anyOf?: readonly Node[]
}

/** Every key as the documentation names it (`stores[].url`), and what it says of the default. */
function keysOf(node: Node, path = ''): { path: string; node: Node; preset: string }[] {
  const branches = (node.anyOf ?? []).flatMap((branch) => keysOf(branch, path))
  const own = Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const childPath = path === '' ? key : `${path}.${key}`
    const required = node.required?.includes(key) ?? false
    const preset = required ? 'required' : plain(child.default)
    // A section that only groups keys has no row of its own.
    const row =
      child.properties && child.default !== undefined && !path.includes('[]')
        ? []
        : [{ path: childPath, node: child, preset }]
    return [...row, ...keysOf(child, childPath), ...keysOf(child.items ?? {}, `${childPath}[]`)]
  })
  return [...own, ...branches]
}

function plain(preset: unknown): string {
  if (preset === undefined || preset === '') return 'none'
  return typeof preset === 'string' ? `\`${preset}\`` : `\`${JSON.stringify(preset)}\``
}

const schema = createJsonSchema() as Node
/** The rules of a policy are those of "routing", and are told of there. */
const keys = keysOf(schema).filter(({ path }) => !path.startsWith('policies[].routing[]'))
const documentation = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

test('the schema has the keys of a config', () => {
  expect(Object.keys(schema.properties!)).toEqual([
    'version',
    'listen',
    'admin',
    'tls',
    'adminTls',
    'adminHosts',
    'listener',
    'debug',
    'log',
    'pages',
    'delivery',
    'cache',
    'registries',
    'revalidate',
    'upstreams',
    'stores',
    'routing',
    'policies',
    'spill',
    'sponsors',
    'pacing',
    'clients',
    'clouds',
    'presence',
    'health',
    'ownership',
    'endpoints',
    'legacy',
    'ca',
    'sync',
  ])
  expect(schema.required).toEqual(['version', 'upstreams'])
})

test.each(keys)(
  '$path is described in the schema, and in docs/configuration.md with its default',
  ({ path, node, preset }) => {
    expect(node.description).toMatch(/\.$/)
    const row = documentation.split('\n').find((line) => line.startsWith(`| \`${path}\` |`))
    expect(row).toContain(
      path === 'upstreams[].canonical' ? '| `true` if it is the only one |' : `| ${preset} |`,
    )
  },
)

test('the documentation names no other key', () => {
  const named = [...documentation.matchAll(/^\| `([a-z][\w.[\]]*)` \| (?:`|none|required)/gm)].map(
    ([, key]) => key,
  )
  expect(
    named.filter((key) => !keys.some(({ path }) => path === key) && !/^(?:up)?stores|^upstreams$/.test(key!)),
  ).toEqual([])
})

test('a variable may stand where a number, a truth value or one of a few words is wanted', () => {
  const { debug, log, presence } = schema.properties!
  for (const node of [debug, log!.properties!.level, presence!.properties!.maxEntries]) {
    expect(node!.anyOf).toContainEqual({ type: 'string', pattern: '\\$\\{[A-Za-z_]' })
  }
})
