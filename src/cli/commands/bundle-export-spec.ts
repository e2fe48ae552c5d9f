import { parseSize } from '../../config/byte-size.ts'
import { refused } from '../../config/refusal.ts'
import { any, defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import {
  asText,
  list,
  offSwitch,
  type ReadText,
  requiredValue,
  switchOption,
  value,
} from '../spec/option-spec.ts'
import { jsonOptions, platformText } from '../spec/shared-options.ts'
import { keyOption } from './bundle-verify-spec.ts'

/** Below it, the parts of a large bundle would be more than their names can count. */
const PART_MIN = 1024 * 1024

const partSize: ReadText<number> = (text) => {
  const [, size = '', less = '0'] = /^([^-]+)(?:-(\d{1,9}))?$/.exec(text) ?? []
  const bytes = (parseSize(size) ?? 0) - Number(less)
  return bytes >= PART_MIN
    ? bytes
    : refused('must be a size of at least 1MiB, such as 4GiB, or 4GiB-1 for a disk with FAT32')
}

export const BUNDLE_EXPORT = defineCommand({
  name: 'bundle export',
  description: 'write images into files that are carried to where no network goes',
  argument: any(
    'reference',
    'each image as HOST/NAME[:TAG][@DIGEST], or all of oci:FOLDER, oci-archive:FILE or bundle:FOLDER, or one of it with :NAME:TAG behind',
  ),
  options: {
    images: value('<file>', 'a list of images, one a line; - for standard input', asText),
    output: requiredValue('<folder>', 'where the parts go: bundle.0001.tar and so on', asText, {
      short: '-o',
    }),
    partSize: value('<size>', 'how large a part may become, such as 4GiB-1 (default: one part)', partSize),
    since: value(
      '<file>',
      'leave out what this receipt of an import, or this ledger, says is at the other side',
      asText,
    ),
    ledger: value('<file>', 'note there what this side has sent; made where there is none', asText),
    key: keyOption('with --since: take only a receipt that the holder of this key has signed'),
    sign: value('<file>', 'sign the index with this Ed25519 key in PEM', asText),
    platform: list('<os/arch>', 'of images for several platforms, only these (default: all)', platformText),
    referrers: offSwitch('leave out signatures and other referrers'),
    allowUnknown: switchOption('take it for done where nobody says whether there are signatures'),
    plainHttp: list('<host>', 'speak plain HTTP to these hosts; loopback is spoken to so anyway'),
    dryRun: switchOption('say what would be written, and write nothing'),
    ...jsonOptions('print the report as JSON'),
  },
  rules: [
    { kind: 'need', option: 'key', needs: 'since', why: 'it says whose the receipt has to be' },
    {
      kind: 'check',
      fault: ({ images }, words) =>
        words.length === 0 && images === undefined
          ? 'name at least one image: portolan bundle export IMAGE… --output FOLDER'
          : undefined,
    },
  ],
  examples: [
    'portolan bundle export registry.k8s.io/pause:3.9 --output /media/usb/bundle',
    'portolan bundle export --images images.txt --output /media/usb/bundle --part-size 4GiB-1',
    'portolan bundle export --images images.txt --output /media/usb/july --since receipt.json --key receiver.pub.pem',
    'portolan bundle export --images images.txt --output /media/usb/july --since ledger.json --ledger ledger.json',
  ],
})

export type BundleExportOptions = OptionsOf<typeof BUNDLE_EXPORT>
