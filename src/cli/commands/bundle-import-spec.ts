import { defineCommand, type OptionsOf, one } from '../spec/command-spec.ts'
import { asText, list, requiredValue, value } from '../spec/option-spec.ts'
import { jsonOptions } from '../spec/shared-options.ts'
import { keyOptions } from './bundle-verify-spec.ts'

export const BUNDLE_IMPORT = defineCommand({
  name: 'bundle import',
  description: 'bring the images of a bundle to a registry, and ask nobody but that registry',
  argument: one(
    'folder',
    'where the parts are; - for standard input, as "cat bundle.*.tar" gives them: nothing is verified beforehand then',
  ),
  options: {
    to: requiredValue('<host/prefix>', 'the registry, and what is put before each name', asText),
    receipt: value(
      '<file>',
      'write there what is at the registry now: the next "bundle export --since" leaves that out',
      asText,
    ),
    sign: value('<file>', 'sign the receipt with this Ed25519 key in PEM', asText),
    map: list(
      '<from=to>',
      "names at the registry: docker.io/library=hub (default: the image's own, without its host)",
    ),
    ...keyOptions,
    plainHttp: list('<host>', 'speak plain HTTP to these hosts; loopback is spoken to so anyway'),
    ...jsonOptions('print the report as JSON'),
  },
  rules: [{ kind: 'need', option: 'sign', needs: 'receipt', why: 'it is what is signed' }],
  examples: [
    'portolan bundle import /media/usb/bundle --to registry.example/k8s',
    'portolan bundle import /media/usb/bundle --to registry.example/k8s --receipt receipt.json --sign receiver.pem',
    'cat /media/usb/bundle.*.tar | portolan bundle import - --to registry.example/k8s',
  ],
})

export type BundleImportOptions = OptionsOf<typeof BUNDLE_IMPORT>
