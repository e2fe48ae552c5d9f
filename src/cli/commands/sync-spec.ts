import { parseDuration } from '../../config/duration.ts'
import { readPattern } from '../../config/pattern.ts'
import { refused } from '../../config/refusal.ts'
import { defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { list, oneOf, type ReadText, switchOption, value, valueOr, wholeNumber } from '../spec/option-spec.ts'
import {
  configArgument,
  configOptions,
  jsonOptions,
  leaseOptions,
  platformText,
  storeOptions,
} from '../spec/shared-options.ts'

const CONCURRENCY_MAX = 64
const PART = 'with a part of the images, all others would drop out of the inventories'

const RECHECK_MAX = 30 * 24 * 60 * 60 * 1000
const recheckTime: ReadText<number> = (text) => {
  const time = parseDuration(text)
  return time !== undefined && time <= RECHECK_MAX ? time : refused('must be a duration from 0s to 30d')
}

export const SYNC = defineCommand({
  name: 'sync',
  description: 'fill stores and registries from the upstream',
  argument: configArgument,
  options: {
    ...configOptions,
    dryRun: switchOption('say what would be copied, and change nothing'),
    ...storeOptions,
    repository: list('<pattern...>', "instead of the config's repositories.include", readPattern),
    tag: list('<pattern...>', "instead of the config's tags.include, for every repository", readPattern),
    platform: list('<os/arch...>', "instead of the config's platforms", platformText),
    concurrency: value(
      '<number>',
      "blobs that are copied at once, instead of the config's",
      wholeNumber(1, CONCURRENCY_MAX),
    ),
    referrersRecheck: value(
      '<duration>',
      "the longest without a look for new referrers, instead of the config's; 0s looks for all",
      recheckTime,
    ),
    verify: valueOr('<how-much>', 'how much of what was stored is read again', oneOf(['sample', 'full']), [
      'sample',
      'sample',
    ]),
    trustExisting: switchOption(
      'in a store without an inventory, believe what has the right size, unread; in a registry, what a manifest names',
    ),
    recheck: switchOption(
      'believe no inventory: list the stores, read what is there, and put right what is not; ask registries for everything',
      { destructive: true },
    ),
    takeLease: switchOption(
      'write to stores that another journal has written, though they keep no conditional writes',
      { destructive: true },
    ),
    ...leaseOptions,
    ...jsonOptions('print the report as JSON'),
  },
  rules: [
    { kind: 'exclude', options: ['recheck', 'repository'], why: PART },
    { kind: 'exclude', options: ['recheck', 'tag'], why: PART },
    { kind: 'exclude', options: ['recheck', 'platform'], why: PART },
  ],
  examples: [
    'portolan sync --config portolan.yaml --dry-run',
    'portolan sync --config portolan.yaml',
    'portolan sync --config portolan.yaml --referrers-recheck 0s',
    'portolan sync --config portolan.yaml --store paris --recheck',
    'portolan sync --config portolan.yaml --store west --dry-run',
    "portolan sync --config portolan.yaml --store paris --repository 'kube-*' --tag '/^v1[.]3[0-9]/' --json",
  ],
})

export type SyncOptions = OptionsOf<typeof SYNC>
