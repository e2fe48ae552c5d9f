import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createJsonSchema } from '../../src/config/json-schema.ts'

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const read = (path: string) => readFileSync(pathOf(path), 'utf8')

const CHART = 'deploy/helm/portolan'
const SCHEMA = `${CHART}/values.schema.json`

/** As much of a JSON Schema as is looked at here. */
interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: unknown
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
}
type Values = Readonly<Record<string, unknown>>

const values: Values = parse(read(`${CHART}/values.yaml`))
const schema: Schema = JSON.parse(read(SCHEMA))

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Each value that is no map of others, by its path. */
function leavesOf(values: Values, path: readonly string[] = []): [path: string, value: unknown][] {
  return Object.entries(values).flatMap(([key, value]): [string, unknown][] => {
    const at = [...path, key]
    const isOpenMap = at.at(-1) === 'labels' || OPEN_MAPS.includes(at.join('.'))
    return isMap(value) && Object.keys(value).length > 0 && !isOpenMap
      ? leavesOf(value, at)
      : [[at.join('.'), value]]
  })
}
/** Of which a user gives whole pieces of the API. */
const OPEN_MAPS = [
  'strategy',
  'resources',
  'podSecurityContext',
  'securityContext',
  'probes.startup',
  'probes.liveness',
  'probes.readiness',
]

/** The keys that a schema has and values have not, and those that it lacks; further down in both. */
function* differences(values: Values, at: Schema, path: string): Iterable<string> {
  const { properties = {}, additionalProperties } = at.$ref ? resolve(at.$ref) : at
  if (additionalProperties !== false) return
  // What a piece of the API has beside, the chart leaves to it.
  const isPiece = at.$ref !== undefined || ['.resources', '.affinity', '.strategy'].includes(path)
  for (const key of Object.keys(properties)) {
    if (!(key in values) && !isPiece && key !== 'global') yield `${path}.${key} is in the schema alone`
  }
  for (const [key, value] of Object.entries(values)) {
    const next = properties[key]
    if (next === undefined) yield `${path}.${key} is not in the schema`
    else if (isMap(value)) yield* differences(value, next, `${path}.${key}`)
  }
}

function resolve(ref: string): Schema {
  return schema.$defs![ref.replace('#/$defs/', '')]!
}

describe('the Helm chart', () => {
  it('has the version of the package, as its own and as that of what it runs', () => {
    const { version } = JSON.parse(read('package.json'))
    expect(parse(read(`${CHART}/Chart.yaml`))).toMatchObject({ version, appVersion: version })
  })

  // Vitest's -u renews the three files that are copies.
  it.each([
    ['deploy/prometheus/alerts.yaml', 'alerts.yaml'],
    ['deploy/grafana/portolan.json', 'dashboard.json'],
  ])('brings %s as it is', async (source, copy) => {
    await expect(read(source)).toMatchFileSnapshot(pathOf(`${CHART}/files/${copy}`))
  })

  it('checks a config by the schema of configs', async () => {
    const { $schema, ...config } = createJsonSchema()
    const whole = { ...schema, $defs: { ...schema.$defs, config } }
    await expect(`${JSON.stringify(whole, undefined, 2)}\n`).toMatchFileSnapshot(pathOf(SCHEMA))
  })

  it('has a schema for each of its values and for no other, and refuses keys that it does not know', () => {
    expect([...differences(values, schema, '')]).toEqual([])
    expect(schema.additionalProperties).toBe(false)
  })

  it('has a row in its README for each value, with the default', () => {
    const rows = [...read(`${CHART}/README.md`).matchAll(/^\| `([\w.]+)` \| `(.*?)` \| .+ \|$/gm)]
    expect(rows.map(([, path, preset]) => [path, parse(preset!)])).toEqual(leavesOf(values))
  })
})
