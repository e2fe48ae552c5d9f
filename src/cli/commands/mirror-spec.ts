import { parseSize } from '../../config/byte-size.ts'
import { parseDuration } from '../../config/duration.ts'
import { refused } from '../../config/refusal.ts'
import { any, defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { asText, type ReadText, switchOption, value } from '../spec/option-spec.ts'
import { configArgument, configOptions, jsonOptions } from '../spec/shared-options.ts'

const age: ReadText<number> = (text) =>
  parseDuration(text) ?? refused('must be a duration, such as 12h or 30d')
const size: ReadText<number> = (text) => parseSize(text) ?? refused('must be a size, such as 500MiB or 10GiB')

export const MIRROR_STATUS = defineCommand({
  name: 'mirror status',
  description:
    'say what a mirror keeps, what is wrong with its disk, and whether it could do without the internet',
  argument: configArgument,
  options: { ...configOptions, ...jsonOptions() },
  examples: ['portolan mirror status --config portolan.yaml', 'portolan mirror status portolan.yaml --json'],
})

export const MIRROR_VERIFY = defineCommand({
  name: 'mirror verify',
  description: 'compare all that a mirror keeps with its digests, and drop what is not what it was',
  argument: configArgument,
  options: { ...configOptions, ...jsonOptions('print the report as JSON') },
  examples: ['portolan mirror verify --config portolan.yaml'],
})

export const MIRROR_EVICT = defineCommand({
  name: 'mirror evict',
  description: 'drop what a mirror keeps, but nothing that is pinned or being read',
  argument: any('digest', 'these contents alone'),
  options: {
    ...configOptions,
    unusedFor: value('<duration>', 'what was not used for so long', age, { destructive: true }),
    bytes: value('<size>', 'until so much is free, what was not used for the longest time first', size, {
      destructive: true,
    }),
    all: switchOption('everything', { destructive: true }),
    ...jsonOptions('print what went as JSON'),
  },
  rules: [
    {
      kind: 'check',
      fault: ({ unusedFor, bytes, all }, digests) =>
        digests.length === 0 && unusedFor === undefined && bytes === undefined && !all
          ? 'say what is to go: digests, --unused-for, --bytes, or --all'
          : undefined,
    },
    { kind: 'exclude', options: ['all', 'unusedFor'], why: 'the one is everything, the other a part' },
    { kind: 'exclude', options: ['all', 'bytes'], why: 'the one is everything, the other a part' },
  ],
  examples: [
    'portolan mirror evict --config portolan.yaml --unused-for 30d',
    'portolan mirror evict --config portolan.yaml --bytes 50GiB',
    'portolan mirror evict --config portolan.yaml sha256:…',
  ],
})

export const MIRROR_WARM = defineCommand({
  name: 'mirror warm',
  description: 'pull images through the mirror that runs by a config, so that it keeps them',
  argument: any('image', 'references; without any, those in the files of cache.pin'),
  options: {
    ...configOptions,
    list: value('<file>', 'a list of images, as images in cache.pin', asText),
    mirror: value(
      '<url>',
      'where the mirror is (default: what the config listens on, on this machine)',
      asText,
    ),
    ...jsonOptions('print the report as JSON'),
  },
  rules: [
    {
      kind: 'check',
      fault: ({ list }, images) =>
        list !== undefined && images.length > 0 ? '--list and images exclude each other' : undefined,
    },
  ],
  examples: [
    'portolan mirror warm --config portolan.yaml',
    'portolan mirror warm --config portolan.yaml registry.k8s.io/pause:3.10 docker.io/library/alpine:3.20',
    'portolan mirror warm --config portolan.yaml --list images.txt --mirror https://mirror.example',
  ],
})

export type MirrorStatusOptions = OptionsOf<typeof MIRROR_STATUS>
export type MirrorVerifyOptions = OptionsOf<typeof MIRROR_VERIFY>
export type MirrorEvictOptions = OptionsOf<typeof MIRROR_EVICT>
export type MirrorWarmOptions = OptionsOf<typeof MIRROR_WARM>
