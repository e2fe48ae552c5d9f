import { refused } from '../../config/refusal.ts'
import type { Platform } from '../../oci/manifest.ts'
import { parsePlatform } from '../../oci/platform.ts'
import { defineCommand, type OptionsOf, one } from '../spec/command-spec.ts'
import { asText, list, type ReadText, requiredValue, switchOption, value } from '../spec/option-spec.ts'
import { jsonOptions, PLATFORM_EXPECTED } from '../spec/shared-options.ts'

const moment: ReadText<Date> = (text) => {
  const isMoment =
    /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text))
  return isMoment
    ? new Date(text)
    : refused('must be a moment with its time zone, such as 2027-01-11T09:00:00Z')
}

const platform: ReadText<Platform> = (text) => parsePlatform(text) ?? refused(PLATFORM_EXPECTED)

export const EXPLAIN = defineCommand({
  name: 'explain',
  description: 'say where every request of a pull goes, and why',
  argument: one(
    'image',
    '[HOST/]NAME[:TAG][@DIGEST]; the host says which registry of a mirror is meant, or that it is asked by an old name',
  ),
  options: {
    from: requiredValue(
      '<client>',
      'address of the client, or its place such as aws/eu-west-3, or its country such as CL',
      asText,
    ),
    down: list('<id>', 'as if this backend were down; may be given several times'),
    offline: switchOption(
      'ask nobody: by the config and its ranges alone, as if every backend were well and held everything',
    ),
    config: value('<file>', 'decide by this config, its backends tried first', asText, { short: '-c' }),
    admin: value(
      '<url>',
      'instead of a config: ask the door whose admin service is here, such as http://127.0.0.1:9090',
      asText,
    ),
    at: value(
      '<time>',
      'as if it were this moment, for what is planned, such as 2027-01-11T09:00:00Z (default: now)',
      moment,
    ),
    platform: value('<os/arch>', 'one platform of an image for several (default: all)', platform),
    ...jsonOptions('print all of it as JSON'),
  },
  rules: [
    {
      kind: 'check',
      fault: ({ config, admin }) =>
        config === undefined && admin === undefined
          ? '--config or --admin is required: a config to try, or the admin service of a door that runs'
          : undefined,
    },
    { kind: 'exclude', options: ['at', 'admin'], why: 'a door that runs goes by its own clock' },
    { kind: 'exclude', options: ['offline', 'admin'], why: 'a door that runs is asked over the network' },
  ],
  examples: [
    'portolan explain pause:3.9 --from aws/eu-west-3 --config portolan.yaml --down paris',
    'portolan explain pause:3.9 --from CL --config portolan.yaml --offline',
    'portolan explain pause:3.9 --from 35.180.1.1 --config portolan.yaml',
    'portolan explain old.example/pause:3.9 --from 35.180.1.1 --at 2027-06-01T00:00:00Z --config portolan.yaml',
    'portolan explain pause:3.9 --from 35.180.1.1 --admin http://127.0.0.1:9090 --platform linux/amd64',
  ],
})

export type ExplainOptions = OptionsOf<typeof EXPLAIN>
