import { defineCommand, noArgument, type OptionsOf, one, oneOrMore } from '../spec/command-spec.ts'
import { jsonOptions } from '../spec/shared-options.ts'

const file = one('file', 'the config; - for standard input')
const files = oneOrMore('file', 'the configs; - for standard input')

export const CONFIG_CHECK = defineCommand({
  name: 'config check',
  description: 'say all that is wrong with configs, one line a fault',
  argument: files,
  options: { ...jsonOptions('print the faults as JSON') },
  examples: [
    'portolan config check portolan.yaml',
    'portolan config check doors/*.yaml',
    'portolan config check --json - < portolan.yaml',
  ],
})

export const CONFIG_SHOW = defineCommand({
  name: 'config show',
  description: 'print a config with every default written out',
  argument: file,
  options: { ...jsonOptions('print it as JSON instead of YAML') },
  examples: ['portolan config show portolan.yaml'],
})

export const CONFIG_SCHEMA = defineCommand({
  name: 'config schema',
  description: 'print the JSON Schema of a config, for editors',
  argument: noArgument,
  options: {},
  examples: ['portolan config schema > portolan.schema.json'],
})

export type ConfigOptions = OptionsOf<typeof CONFIG_CHECK>
