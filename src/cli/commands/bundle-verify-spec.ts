import { defineCommand, type OptionsOf, one } from '../spec/command-spec.ts'
import { asText, value } from '../spec/option-spec.ts'
import { jsonOptions } from '../spec/shared-options.ts'

/** Who must have signed something; `does` says what. */
export function keyOption(does: string) {
  return value('<file>', `${does}: an Ed25519 public key in PEM, or its one line`, asText)
}

/** Who must have signed a bundle. */
export const keyOptions = { key: keyOption('take only what the holder of this key has signed') }

export const BUNDLE_VERIFY = defineCommand({
  name: 'bundle verify',
  description: 'read a bundle to its last byte, and say what is wrong with it, by part and digest',
  argument: one('folder', 'where the parts are: bundle.0001.tar and so on'),
  options: { ...keyOptions, ...jsonOptions('print the report as JSON') },
  examples: [
    'portolan bundle verify /media/usb/bundle',
    'portolan bundle verify /media/usb/bundle --key sender.pub.pem --json',
  ],
})

export type BundleVerifyOptions = OptionsOf<typeof BUNDLE_VERIFY>
