import { defineCommand, type OptionsOf, oneOrMore } from '../spec/command-spec.ts'
import { asText, switchOption, value } from '../spec/option-spec.ts'
import { jsonOptions, mapBothWays, searchOptions } from '../spec/shared-options.ts'

export const REWRITE = defineCommand({
  name: 'rewrite',
  description: 'change registries in references to their new names: show a diff, or write',
  argument: oneOrMore('path', 'files and folders'),
  options: {
    ...mapBothWays,
    write: switchOption('write the changes instead of showing them', { destructive: true }),
    inPlaceBackup: switchOption('with --write: keep each old file beside, as .bak'),
    verify: switchOption('ask both registries, and leave what the new one lacks or has otherwise'),
    pin: switchOption('write the digests that new names stand for; verifies'),
    helmOverride: value(
      '<file>',
      'instead of editing values of charts: write those that change to this file; - for standard output',
      asText,
      { destructive: true },
    ),
    includeCode: switchOption('string literals of programs too'),
    ...searchOptions,
    ...jsonOptions('print what is found and changed as JSON'),
  },
  rules: [
    { kind: 'need', option: 'inPlaceBackup', needs: 'write', why: 'it keeps what --write writes over' },
    {
      kind: 'exclude',
      options: ['helmOverride', 'write'],
      why: 'the one writes one file in place of editing',
    },
    { kind: 'exclude', options: ['revert', 'pin'], why: 'digests are written for new names' },
  ],
  examples: [
    'portolan rewrite .',
    'portolan rewrite --write --map mirror.yaml deploy charts',
    'portolan rewrite --write --revert deploy',
    'portolan rewrite --helm-override override.yaml charts/web/values.yaml',
  ],
})

export type RewriteOptions = OptionsOf<typeof REWRITE>
