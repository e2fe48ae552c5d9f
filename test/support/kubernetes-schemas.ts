import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { findProgram, run } from './programs.ts'

/** Where the API's own descriptions are: Go modules, which the module proxy hands out and the module cache keeps. */
const API = {
  module: 'k8s.io/kubernetes@v1.37.2',
  file: 'api/openapi-spec/swagger.json',
  kinds: [
    ...['v1/ConfigMap', 'v1/Service', 'v1/ServiceAccount', 'apps/v1/Deployment', 'batch/v1/Job'],
    ...['autoscaling/v2/HorizontalPodAutoscaler', 'policy/v1/PodDisruptionBudget'],
    ...['networking.k8s.io/v1/NetworkPolicy', 'networking.k8s.io/v1/Ingress'],
  ],
} as const
/** The same of what is no part of the API itself: each file defines one kind. */
export const CUSTOM = [
  ...['servicemonitors', 'prometheusrules'].map((name) => ({
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    file: `example/prometheus-operator-crd/monitoring.coreos.com_${name}.yaml`,
  })),
  {
    // The last one for Go 1.26.
    module: 'sigs.k8s.io/gateway-api@v1.5.0',
    file: 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml',
  },
]

type Json = Readonly<Record<string, unknown>>
/** JSON Schemas by `apiVersion/kind`. */
type Schemas = Readonly<Record<string, Json>>

/** Says what is wrong with an object of the API, a line each; a field that the API does not know is wrong. */
export type ObjectCheck = (object: {
  readonly apiVersion: string
  readonly kind: string
}) => readonly string[]

/** The schemas of the API's kinds that the chart makes, strict, or why they cannot be had. */
export async function loadObjectCheck(): Promise<
  { readonly check: ObjectCheck } | { readonly missing: string }
> {
  const schemas = await loadSchemas().catch((error: Error) => error)
  if (schemas instanceof Error) return { missing: schemas.message }
  const types = new Map(
    Object.entries(schemas).map(([kind, schema]) => [
      kind,
      z.fromJSONSchema(schema as z.core.JSONSchema.BaseSchema),
    ]),
  )
  return {
    check({ apiVersion, kind, ...rest }) {
      const type = types.get(`${apiVersion}/${kind}`)
      if (type === undefined) return [`${apiVersion}/${kind}: no such kind is known here`]
      const { error } = type.safeParse({ apiVersion, kind, ...rest })
      return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
    },
  }
}

/** Reads them from the user's cache; the first time, from the modules. */
async function loadSchemas(): Promise<Schemas> {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'portolan-tests')
  const source = await readFile(import.meta.filename)
  const name = `kubernetes-schemas-${createHash('sha256').update(source).digest('hex').slice(0, 12)}.json`
  const kept = await readFile(join(folder, name), 'utf8').catch(() => undefined)
  if (kept !== undefined) return JSON.parse(kept)
  const schemas = await makeSchemas()
  await mkdir(folder, { recursive: true })
  const partial = join(folder, `${name}.${process.pid}`)
  await writeFile(partial, JSON.stringify(schemas))
  await rename(partial, join(folder, name))
  return schemas
}

async function makeSchemas(): Promise<Schemas> {
  const { definitions } = JSON.parse(await readFromModule(API)) as { definitions: Record<string, Json> }
  const schemas: Record<string, Json> = {}
  for (const [name, definition] of Object.entries(definitions)) {
    for (const { group, version, kind } of kindsOf(definition)) {
      const key = `${group === '' ? '' : `${group}/`}${version}/${kind}`
      if (API.kinds.some((wanted) => wanted === key)) schemas[key] = selfContained(name, definitions)
    }
  }
  for (const source of CUSTOM) {
    const { spec } = parse(await readFromModule(source)) as { spec: CustomResource }
    for (const { name, served, schema } of spec.versions.filter(({ served }) => served)) {
      if (served) schemas[`${spec.group}/${name}/${spec.names.kind}`] = strict(schema.openAPIV3Schema) as Json
    }
  }
  return schemas
}

interface CustomResource {
  readonly group: string
  readonly names: { readonly kind: string }
  readonly versions: readonly {
    readonly name: string
    readonly served: boolean
    readonly schema: { readonly openAPIV3Schema: Json }
  }[]
}

/** Reads a file of a module, which Go downloads where it has not got it. Throws with the reason when it cannot. */
export async function readFromModule({
  module,
  file,
}: {
  readonly module: string
  readonly file: string
}): Promise<string> {
  const go = findProgram('go')
  if (go === undefined) throw new Error('not on this machine: go')
  const env = { ...process.env, GOTOOLCHAIN: 'local' }
  const { stdout } = await run(go, ['mod', 'download', '-json', module], {
    cwd: tmpdir(),
    env,
    timeout: 100_000,
  })
  const { Dir, Error: problem = 'it took too long' } = JSON.parse(stdout.toString() || '{}') as Record<
    string,
    string
  >
  if (Dir === undefined) throw new Error(`go cannot get ${module}: ${problem}`)
  return readFile(join(Dir, file), 'utf8')
}

function kindsOf(definition: Json): readonly { group: string; version: string; kind: string }[] {
  const kinds = definition['x-kubernetes-group-version-kind']
  return Array.isArray(kinds) && kinds.length === 1 ? kinds : []
}

/** A definition with all that it refers to. */
function selfContained(name: string, definitions: Record<string, Json>): Json {
  const found: Record<string, unknown> = {}
  const add = (name: string) => {
    if (Object.hasOwn(found, name)) return
    const text = JSON.stringify(strict(definitions[name]!)).replaceAll('#/definitions/', '#/$defs/')
    found[name] = JSON.parse(text)
    for (const [, next] of text.matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g)) add(next!)
  }
  add(name)
  return { $ref: `#/$defs/${name}`, $defs: found }
}

/** An OpenAPI schema as a JSON Schema in which an object with known fields has no others. */
function strict(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strict)
  if (typeof value !== 'object' || value === null) return value
  const schema = value as Json
  if (schema.format === 'int-or-string' || schema['x-kubernetes-int-or-string'] === true)
    return { anyOf: [{ type: 'integer' }, { type: 'string' }] }
  const { type, properties, additionalProperties, ...rest } = schema
  const kept = Object.entries(rest).filter(([key]) => KEPT.has(key) || key.startsWith('$'))
  const isObject = type === 'object' || properties !== undefined
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || properties === undefined
  return {
    ...Object.fromEntries(
      kept.map(([key, value]) => [key, key === 'pattern' ? asPattern(value) : strict(value)]),
    ),
    ...(type !== undefined && { type }),
    ...(isObject && {
      type: 'object',
      ...(properties !== undefined && {
        properties: Object.fromEntries(
          Object.entries(properties ?? {}).map(([key, value]) => [key, strict(value)]),
        ),
      }),
      additionalProperties: additionalProperties === undefined ? isOpen : strict(additionalProperties),
    }),
  }
}

/** A pattern of Go's as one of ours. */
function asPattern(pattern: unknown): string {
  return String(pattern).replace(/\(\?i\)(.*)$/s, '(?i:$1)')
}

/** What a JSON Schema says of a value; `format` and `default` say nothing of whether it is right. */
const KEPT = new Set([
  ...[
    'items',
    'required',
    'enum',
    'pattern',
    'minimum',
    'maximum',
    'minLength',
    'maxLength',
    'minItems',
    'maxItems',
  ],
  ...['anyOf', 'oneOf', 'allOf', 'not', 'nullable', 'minProperties', 'maxProperties'],
])
