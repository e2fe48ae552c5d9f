import { parseDuration } from '../../config/duration.ts'
import { refused } from '../../config/refusal.ts'
import { defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { type ReadText, switchOption, valueOr } from '../spec/option-spec.ts'
import { configArgument, configOptions, jsonOptions } from '../spec/shared-options.ts'

const timeout: ReadText<number> = (text) => {
  const milliseconds = parseDuration(text)
  return milliseconds !== undefined && milliseconds >= 500 && milliseconds <= 300_000
    ? milliseconds
    : refused('must be a duration from 500ms to 5m')
}

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
    timeout: valueOr(
      '<duration>',
      'how long it may take from its start on; less than whoever asks waits for it',
      timeout,
      ['2s', 2000],
    ),
    ...jsonOptions(),
  },
  examples: [
    'portolan healthcheck --config /etc/portolan/portolan.yaml',
    'portolan healthcheck portolan.yaml --ready --json',
    'portolan healthcheck portolan.yaml --timeout 9s',
  ],
})

export type HealthcheckOptions = OptionsOf<typeof HEALTHCHECK>
