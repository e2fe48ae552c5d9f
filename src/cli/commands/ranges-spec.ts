import { defineCommand, noArgument, type OptionsOf, oneOrMore } from '../spec/command-spec.ts'
import { asText, list, offSwitch, switchOption, textOr, value } from '../spec/option-spec.ts'
import { jsonOptions, rangesFileOptions } from '../spec/shared-options.ts'

export const RANGES_UPDATE = defineCommand({
  name: 'ranges update',
  description: 'make the snapshot from the lists that the providers publish, and say what is new',
  argument: noArgument,
  options: {
    from: value('<folder>', 'read saved lists (aws.json, gcp.json, …) instead of downloading them', asText),
    out: textOr('<file>', 'the snapshot', 'ranges.bin'),
    source: list('<provider=url...>', 'download a list from a mirror, or not at all (provider=off)'),
    geo: offSwitch('only what providers list, not the other addresses'),
    allowMissing: switchOption('go on without lists that do not come'),
    force: switchOption('take lists that lost many prefixes, replace any file', { destructive: true }),
    ...jsonOptions('print what was done as JSON'),
  },
  rules: [{ kind: 'exclude', options: ['from', 'source'], why: 'saved lists are not downloaded' }],
  examples: [
    'portolan ranges update --out ranges.bin',
    'portolan ranges update --from saved-lists',
    'portolan ranges update --source aws=https://mirror.example/aws.json --source github=off',
  ],
})

export const RANGES_LOOKUP = defineCommand({
  name: 'ranges lookup',
  description: 'say where addresses are, and who says so',
  argument: oneOrMore('address', 'IPv4 or IPv6 addresses'),
  options: { ...rangesFileOptions, ...jsonOptions('print one JSON object a line') },
  examples: ['portolan ranges lookup 35.180.1.1 2600:9000:5200::1'],
})

export const RANGES_ABOUT = defineCommand({
  name: 'ranges about',
  description: 'say whose data tells where addresses are, with dates and licences',
  argument: noArgument,
  options: { ...rangesFileOptions, ...jsonOptions() },
  examples: ['portolan ranges about'],
})

export type RangesUpdateOptions = OptionsOf<typeof RANGES_UPDATE>
export type RangesLookupOptions = OptionsOf<typeof RANGES_LOOKUP>
export type RangesAboutOptions = OptionsOf<typeof RANGES_ABOUT>
