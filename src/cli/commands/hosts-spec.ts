import { defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { asText, switchOption, value } from '../spec/option-spec.ts'
import { configArgument, configOptions, jsonOptions } from '../spec/shared-options.ts'

export const HOSTS = defineCommand({
  name: 'hosts',
  description: 'print every host and port that a network must allow for a config, and why each',
  argument: configArgument,
  options: {
    ...configOptions,
    image: value(
      '<[host/]name[:tag]>',
      "pulled in part, to see where upstreams send clients (default: an upstream's canary, else one that is pinned, or that sync copies)",
      asText,
    ),
    offline: switchOption('ask no upstream: without token services and what upstreams redirect to'),
    diff: value(
      '<file or url>',
      'say what is new since this list: what hosts --json has printed, or published endpoints; ends with 1 where something is',
      asText,
    ),
    ...jsonOptions(),
  },
  examples: [
    'portolan hosts --config portolan.yaml',
    'portolan hosts portolan.yaml --image pause:3.9 --json',
    'portolan hosts portolan.yaml --diff https://registry.example/.well-known/portolan/endpoints.json',
  ],
})

export type HostsOptions = OptionsOf<typeof HOSTS>
