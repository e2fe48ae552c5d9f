import { any, defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { asText, list, switchOption, textOr, value } from '../spec/option-spec.ts'
import { jsonOptions, mapBothWays, searchOptions } from '../spec/shared-options.ts'

const LIVE = 'it says which live cluster, and what of it'

export const SCAN = defineCommand({
  name: 'scan',
  description: 'find references to registries by their old names',
  argument: any('path', 'files and folders; - for standard input'),
  options: {
    ...mapBothWays,
    node: switchOption('instead of paths: the settings of this machine'),
    root: value('<folder>', 'where the machine of --node is (default: /)', asText),
    cluster: switchOption(
      'instead of paths: a live cluster, found as kubectl does; also lists what its pods cannot pull',
    ),
    context: value('<name>', 'of the kubeconfig (default: its current one)', asText),
    kubeconfig: value('<file>', 'instead of KUBECONFIG and ~/.kube/config', asText),
    namespace: list('<name...>', 'of the cluster, only these (default: all)'),
    baseline: value('<file>', 'do not count the findings that are in it', asText),
    writeBaseline: value('<file>', 'write the findings as a baseline, and end with 0', asText, {
      destructive: true,
    }),
    related: switchOption('each place of names that are only related, instead of one line a name'),
    ...searchOptions,
    stdinName: textOr('<name>', 'tell the format of standard input by this name', 'stdin.yaml'),
    ...jsonOptions('print all of it as JSON'),
    sarif: switchOption('print it as SARIF 2.1.0'),
  },
  rules: [
    {
      kind: 'check',
      fault({ node, cluster }, paths) {
        if (node && paths.length > 0)
          return '--node looks at the well-known places of a machine: name no paths with it'
        if (cluster && (node || paths.length > 0))
          return '--cluster looks at a live cluster: name neither paths nor --node with it'
        if (!node && !cluster && paths.length === 0)
          return 'name what to scan: files, folders, - for standard input, --node or --cluster'
        return undefined
      },
    },
    { kind: 'need', option: 'context', needs: 'cluster', why: LIVE },
    { kind: 'need', option: 'kubeconfig', needs: 'cluster', why: LIVE },
    { kind: 'need', option: 'namespace', needs: 'cluster', why: LIVE },
    { kind: 'need', option: 'root', needs: 'node', why: 'it is where the places of --node are' },
    { kind: 'exclude', options: ['json', 'sarif'], why: 'they are two forms of one output' },
    {
      kind: 'exclude',
      options: ['baseline', 'writeBaseline'],
      why: 'the one reads a baseline, the other writes one',
    },
  ],
  examples: [
    'portolan scan .',
    'portolan scan --map mirror.yaml --exclude vendor charts',
    'helm template ./chart | portolan scan -',
    'portolan scan --node',
    'portolan scan --cluster --context production',
  ],
})

export type ScanOptions = OptionsOf<typeof SCAN>
