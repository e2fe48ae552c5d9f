import { defineCommand, noArgument, type OptionsOf } from '../spec/command-spec.ts'
import { configOptions } from '../spec/shared-options.ts'

export const SERVE = defineCommand({
  name: 'serve',
  description: 'run the door',
  argument: noArgument,
  options: { ...configOptions },
  examples: ['portolan serve --config portolan.yaml'],
})

export type ServeOptions = OptionsOf<typeof SERVE>
