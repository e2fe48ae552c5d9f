import { parseDuration } from '../../config/duration.ts'
import { refused } from '../../config/refusal.ts'
import type { SampleSize } from '../../replication/audit-content.ts'
import { defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { type ReadText, switchOption, valueOr } from '../spec/option-spec.ts'
import {
  configArgument,
  configOptions,
  jsonOptions,
  leaseOptions,
  storeOptions,
} from '../spec/shared-options.ts'

/** Objects of each store that an audit reads unless told otherwise. */
const SAMPLE = 100
const DAY = 86_400_000

const sample: ReadText<SampleSize> = (text) => {
  const [, digits = '', percent] = /^([0-9]{1,9})(%?)$/.exec(text) ?? []
  const number = Number(digits)
  if (number >= 1 && !percent) return { count: number }
  if (number >= 1 && number <= 100) return { share: number / 100 }
  return refused('must be a number of objects, or a share from 1% to 100%')
}

const age: ReadText<number> = (text) =>
  parseDuration(text) ?? refused('must be a duration, such as 12h or 7d')

export const AUDIT = defineCommand({
  name: 'audit',
  description: 'prove that the stores are complete, unaltered and public, and say what else lies there',
  argument: configArgument,
  options: {
    ...configOptions,
    ...storeOptions,
    full: switchOption('read every object and compare it with its digest'),
    sample: valueOr('<number>', 'read so many objects of each store, or a share such as 5%', sample, [
      String(SAMPLE),
      { count: SAMPLE },
    ]),
    deleteOrphans: switchOption(
      'list what no chosen tag leads to and no inventory lists, ask, and delete it',
      { destructive: true },
    ),
    olderThan: valueOr('<duration>', 'of orphans, only those that are as old', age, ['7d', 7 * DAY]),
    yes: switchOption('delete without asking', { destructive: true }),
    ...leaseOptions,
    ...jsonOptions('print the report as JSON'),
  },
  rules: [
    { kind: 'exclude', options: ['full', 'sample'], why: 'the one reads everything, the other a part' },
    {
      kind: 'check',
      fault: ({ deleteOrphans, yes }) =>
        deleteOrphans && !yes && !(process.stdin.isTTY && process.stderr.isTTY)
          ? '--delete-orphans asks before it deletes; without a terminal, say --yes too'
          : undefined,
    },
  ],
  examples: [
    'portolan audit --config portolan.yaml',
    'portolan audit --config portolan.yaml --store paris --full --json',
    'portolan audit --config portolan.yaml --delete-orphans --older-than 30d',
  ],
})

export type AuditOptions = OptionsOf<typeof AUDIT>
