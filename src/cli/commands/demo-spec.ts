import { refused } from '../../config/refusal.ts'
import { defineCommand, noArgument, type OptionsOf } from '../spec/command-spec.ts'
import { asText, type ReadText, switchOption, value, valueOr } from '../spec/option-spec.ts'

const port: ReadText<number> = (text) =>
  /^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535
    ? Number(text)
    : refused('must be a port from 0 to 65535')

export const DEMO = defineCommand({
  name: 'demo',
  description: 'run a whole world on this machine: upstreams, stores, sample images, and the door',
  argument: noArgument,
  options: {
    mirror: switchOption('instead: a mirror in front of a registry that can be unplugged'),
    port: valueOr('<number>', 'port of the door, 0 for a free one', port, ['8080', 8080]),
    adminPort: valueOr('<number>', 'port of its admin service, 0 for a free one', port, ['9090', 9090]),
    folder: value(
      '<folder>',
      'where to keep the images and the config (default: in your cache folder)',
      asText,
    ),
  },
  examples: ['portolan demo', 'portolan demo --mirror', 'portolan demo --port 0 --admin-port 0'],
})

export type DemoOptions = OptionsOf<typeof DEMO>
