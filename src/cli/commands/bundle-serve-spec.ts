import { parseListenAddress } from '../../config/listen-address.ts'
import { refused } from '../../config/refusal.ts'
import { defineCommand, type OptionsOf, one } from '../spec/command-spec.ts'
import { type ReadText, valueOr } from '../spec/option-spec.ts'

const address: ReadText<string> = (text) =>
  parseListenAddress(text) === undefined
    ? refused('must be HOST:PORT, such as 127.0.0.1:5000, or :5000 for every interface')
    : text

export const BUNDLE_SERVE = defineCommand({
  name: 'bundle serve',
  description: 'be a registry of what is in a bundle, without importing it, such as for a first node',
  argument: one('folder', 'where the parts are: bundle.0001.tar and so on'),
  options: {
    listen: valueOr('<host:port>', 'where to listen', address, ['127.0.0.1:5000', '127.0.0.1:5000']),
  },
  examples: [
    'portolan bundle serve /media/usb/bundle',
    'portolan bundle serve /media/usb/bundle --listen :5000',
  ],
})

export type BundleServeOptions = OptionsOf<typeof BUNDLE_SERVE>
