import { parseDuration } from '../../config/duration.ts'
import { refused } from '../../config/refusal.ts'
import type { SampleSize } from '../../replication/sample-size.ts'
import { defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { type ReadText, switchOption, value, valueOr } from '../spec/option-spec.ts'
import {
  configArgument,
  configOptions,
  jsonOptions,
  leaseOptions,
  storeOptions,
} from '../spec/shared-options.ts'

const DAY = 86_400_000

const sample: ReadText<SampleSize> = (text) => {
  const [, digits = '', percent] = /^([0-9]{1,9})(%?)$/.exec(text) ?? []
  const number = Number(digits)
  if (number >= 1 && !percent) return { count: number }
  if (number >= 1 && number <= 100) return { share: number / 100 }
  return refused('must be a number of objects, or a share from 1% to 100%')
}

/** Takes `95%` or `0.5%`, above 0 and below 100, as a share from 0 to 1. */
const percent: ReadText<number> = (text) => {
  const [, digits = ''] = /^([0-9]{1,2}(?:\.[0-9]{1,3})?)%?$/.exec(text) ?? []
  const share = Number(digits) / 100
  return share > 0 && share < 1
    ? share
    : refused('must be a share above 0% and below 100%, such as 95% or 0.5%')
}

const age: ReadText<number> = (text) =>
  parseDuration(text) ?? refused('must be a duration, such as 12h or 7d')

export const AUDIT = defineCommand({
  name: 'audit',
  description:
    'prove that stores and registries are complete and unaltered, stores public too, and say what else lies there',
  argument: configArgument,
  options: {
    ...configOptions,
    ...storeOptions,
    full: switchOption('read every object, compare it with its digest, and fetch it once as clients do'),
    sample: value('<number>', 'look at so many objects of each store, or at a share such as 5%', sample),
    confidence: valueOr('<percent>', 'how sure a sample that finds nothing must be', percent, ['95%', 0.95]),
    below: valueOr('<percent>', 'that fewer than so many of all are bad', percent, ['1%', 0.01]),
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
    { kind: 'exclude', options: ['full', 'confidence'], why: 'who looks at everything is sure' },
    { kind: 'exclude', options: ['full', 'below'], why: 'who looks at everything is sure' },
    {
      kind: 'exclude',
      options: ['sample', 'below'],
      why: 'how many are looked at follows from what is to be shown',
    },
    {
      kind: 'exclude',
      options: ['sample', 'confidence'],
      why: 'how many are looked at follows from what is to be shown',
    },
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
    'portolan audit --config portolan.yaml --confidence 99% --below 0.5%',
    'portolan audit --config portolan.yaml --delete-orphans --older-than 30d',
  ],
})

export type AuditOptions = OptionsOf<typeof AUDIT>
