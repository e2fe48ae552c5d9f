import { any, defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { asText, list, offSwitch, switchOption, value } from '../spec/option-spec.ts'
import { jsonOptions, platformText } from '../spec/shared-options.ts'

export const COPY = defineCommand({
  name: 'copy',
  description:
    'copy images as they are: between registries, image layouts, archives and stores, and from bundles',
  argument: any(
    'reference',
    'each image as HOST/NAME[:TAG][@DIGEST], or all of oci:FOLDER, oci-archive:FILE or bundle:FOLDER, or one of it with :NAME:TAG behind; at the end where to: HOST[/PREFIX], oci:FOLDER, oci-archive:FILE (- for standard output), store:ID of a config, or HOST/NAME:TAG for one image',
  ),
  options: {
    config: value('<file>', 'the config whose stores are meant by store:ID', asText, { short: '-c' }),
    images: value('<file>', 'a list of images, one a line; - for standard input', asText),
    map: list(
      '<from=to>',
      "names at the target: docker.io/library=hub (default: the image's own, without its host)",
    ),
    platform: list('<os/arch>', 'of images for several platforms, only these (default: all)', platformText),
    referrers: offSwitch('leave out signatures and other referrers'),
    plainHttp: list('<host>', 'speak plain HTTP to these hosts; loopback is spoken to so anyway'),
    dryRun: switchOption('say what would be copied, and write nothing'),
    verify: switchOption('read all of it again at the target, and compare it with its digests'),
    ...jsonOptions('print the report as JSON'),
  },
  rules: [
    {
      kind: 'check',
      fault: ({ images }, words) => {
        if (words.length === 0 || (images === undefined && words.length === 1))
          return 'name at least one image, and at the end where to: portolan copy IMAGE… TARGET'
        return undefined
      },
    },
    {
      kind: 'exclude',
      options: ['dryRun', 'verify'],
      why: 'the one writes nothing that could be read again',
    },
  ],
  examples: [
    'portolan copy registry.k8s.io/pause:3.9 registry.example/k8s',
    'portolan copy registry.k8s.io/pause:3.9 registry.example/base/pause:stable',
    'portolan copy --images images.txt registry.example/mirror --map docker.io/library=hub',
    'portolan copy --images images.txt oci:/media/usb/images',
    'portolan copy oci:/media/usb/images registry.example/mirror --verify',
    'portolan copy registry.k8s.io/pause:3.9 oci-archive:pause.tar --no-referrers',
    'portolan copy bundle:/media/usb/bundle:registry.k8s.io/pause:3.9 registry.example/k8s',
    'portolan copy quay.io/team/tool:2.0 store:paris --config portolan.yaml',
  ],
})

export type CopyOptions = OptionsOf<typeof COPY>
