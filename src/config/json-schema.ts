import { z } from 'zod'
import { configSchema } from './schema/config.ts'

/** A `${NAME}` may stand where a number, a truth value or one of a few words is wanted. */
const REFERENCE = { type: 'string', pattern: '\\$\\{[A-Za-z_]' } as const

/** The JSON Schema (2020-12) of a config file, for editors; `config check` checks more than a schema can say. */
export function createJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      const { description, default: preset, ...rest } = jsonSchema
      if (
        rest.type !== 'boolean' &&
        rest.type !== 'integer' &&
        rest.enum === undefined &&
        rest.const === undefined
      )
        return
      for (const key of Object.keys(rest)) delete jsonSchema[key]
      jsonSchema.anyOf = [rest, REFERENCE]
    },
  })
  return { $schema, title: 'Portolan config', ...schema }
}
