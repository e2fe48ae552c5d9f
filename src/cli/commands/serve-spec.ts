import { parseDuration } from '../../config/duration.ts'
import { refused } from '../../config/refusal.ts'
import { defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { type ReadText, valueOr } from '../spec/option-spec.ts'
import { configArgument, configOptions } from '../spec/shared-options.ts'

const DELAY_MAX = 8_000

const shutdownDelay: ReadText<number> = (text) => {
  const delay = text === '0' ? 0 : parseDuration(text)
  return delay !== undefined && delay <= DELAY_MAX ? delay : refused('must be a duration from 0s to 8s')
}

/** More processes than any machine has cores that a door is for. */
const WORKERS_MAX = 64

const workers: ReadText<number | 'auto'> = (text) => {
  if (text === 'auto') return text
  const count = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0
  return count >= 1 && count <= WORKERS_MAX
    ? count
    : refused(`must be "auto" or a whole number from 1 to ${WORKERS_MAX}`)
}

export const SERVE = defineCommand({
  name: 'serve',
  description: 'run the door, or the mirror: the config says which',
  argument: configArgument,
  options: {
    ...configOptions,
    shutdownDelay: valueOr(
      '<duration>',
      'after a signal, go on for so long while /readyz already says no; for balancers that ask it',
      shutdownDelay,
      ['0s', 0],
    ),
    workers: valueOr(
      '<count>',
      'answer clients in so many processes; "auto" takes as many as there are cores for it',
      workers,
      ['1', 1],
    ),
  },
  examples: [
    'portolan serve --config portolan.yaml',
    'portolan serve portolan.yaml',
    'portolan serve --shutdown-delay 5s portolan.yaml',
    'portolan serve --workers auto portolan.yaml',
  ],
})

export type ServeOptions = OptionsOf<typeof SERVE>
