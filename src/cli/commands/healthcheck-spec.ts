import { defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { switchOption } from '../spec/option-spec.ts'
import { configArgument, configOptions, jsonOptions } from '../spec/shared-options.ts'

export const HEALTHCHECK = defineCommand({
  name: 'healthcheck',
  description:
    'ask the door that runs by a config on this machine whether it is alive; for containers without curl',
  argument: configArgument,
  options: {
    ...configOptions,
    ready: switchOption(
      'whether clients should be sent to it (/readyz), rather than whether it lives (/healthz)',
    ),
    ...jsonOptions(),
  },
  examples: [
    'portolan healthcheck --config /etc/portolan/portolan.yaml',
    'portolan healthcheck portolan.yaml --ready --json',
  ],
})

export type HealthcheckOptions = OptionsOf<typeof HEALTHCHECK>
