import { any, defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { asText, list, offSwitch, switchOption, value } from '../spec/option-spec.ts'
import { jsonOptions, platformText } from '../spec/shared-options.ts'

export const COPY = defineCommand({
  name: 'copy',
  description: 'copy images from registries to a registry, as they are',
  argument: any(
    'reference',
    'HOST/NAME[:TAG][@DIGEST] of each image, and at the end where to: HOST[/PREFIX], or HOST/NAME:TAG for one image',
  ),
  options: {
    images: value(
      '<file>',
      'a list of images, one a line, instead of naming them; - for standard input',
      asText,
    ),
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
        if (images !== undefined && words.length !== 1)
          return 'with --images, name the target alone: HOST[/PREFIX]'
        if (images === undefined && words.length < 2)
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
    'portolan copy --images images.txt registry.example/mirror --dry-run --json',
  ],
})

export type CopyOptions = OptionsOf<typeof COPY>
