import { defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { configArgument, configOptions } from '../spec/shared-options.ts'

export const SERVE = defineCommand({
  name: 'serve',
  description: 'run the door',
  argument: configArgument,
  options: { ...configOptions },
  examples: ['portolan serve --config portolan.yaml', 'portolan serve portolan.yaml'],
})

export type ServeOptions = OptionsOf<typeof SERVE>
