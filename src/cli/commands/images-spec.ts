import { defineCommand, noArgument, type OptionsOf } from '../spec/command-spec.ts'
import { asText, list, switchOption, value } from '../spec/option-spec.ts'
import { jsonOptions, platformText } from '../spec/shared-options.ts'

const CLUSTER = 'it says which live cluster, and what of it'
const REGISTRY = 'it is about what registries are asked for'
const UPGRADE = 'an upgrade is a list of its own'

export const IMAGES = defineCommand({
  name: 'images',
  description:
    'list images, one full reference a line: of Kubernetes versions, of what a cluster runs, of what files name',
  argument: noArgument,
  options: {
    kubernetes: list(
      '<version...>',
      'what kubeadm of these versions pulls: v1.33.2, or v1.33.x for the last patch that is known, or that the registry has',
    ),
    upgrade: value('<from..to>', 'what is new in a version: v1.33.1..v1.34.0', asText),
    customRepository: value(
      '<host/path>',
      "names as kubeadm makes them where its imageRepository is this: CoreDNS's is another then",
      asText,
    ),
    fromCluster: switchOption(
      'what the pods of a live cluster run, and what makes pods; found as kubectl does',
    ),
    context: value('<name>', 'of the kubeconfig (default: its current one)', asText),
    kubeconfig: value('<file>', 'instead of KUBECONFIG and ~/.kube/config', asText),
    namespace: list('<name...>', 'of the cluster, only these (default: all)'),
    fromFiles: list('<path...>', 'what files and folders name, whatever registry; - for standard input'),
    exclude: list('<glob...>', 'pass over these paths or names'),
    digests: switchOption('ask the registries what each is now: NAME:TAG@DIGEST'),
    platform: value(
      '<os/arch>',
      'with --digests, of an image for several platforms this one, instead of the index',
      platformText,
    ),
    referrers: switchOption('with --digests, list signatures and other referrers, too'),
    plainHttp: list('<host>', 'speak plain HTTP to these hosts; loopback is spoken to so anyway'),
    yaml: switchOption('print it as the "sync" of a config, a document for each registry'),
    ...jsonOptions('print all of it as JSON, which copy --images reads, too'),
  },
  rules: [
    {
      kind: 'check',
      fault({ kubernetes, upgrade, fromCluster, fromFiles, customRepository }) {
        if (!kubernetes && !upgrade && !fromCluster && !fromFiles)
          return 'say of what: --kubernetes, --upgrade, --from-cluster or --from-files'
        if (customRepository !== undefined && !kubernetes && !upgrade)
          return '--custom-repository is about what kubeadm pulls: give --kubernetes or --upgrade with it'
        return undefined
      },
    },
    { kind: 'exclude', options: ['upgrade', 'kubernetes'], why: UPGRADE },
    { kind: 'exclude', options: ['upgrade', 'fromCluster'], why: UPGRADE },
    { kind: 'exclude', options: ['upgrade', 'fromFiles'], why: UPGRADE },
    { kind: 'need', option: 'context', needs: 'fromCluster', why: CLUSTER },
    { kind: 'need', option: 'kubeconfig', needs: 'fromCluster', why: CLUSTER },
    { kind: 'need', option: 'namespace', needs: 'fromCluster', why: CLUSTER },
    { kind: 'need', option: 'exclude', needs: 'fromFiles', why: 'it is about paths' },
    { kind: 'need', option: 'platform', needs: 'digests', why: REGISTRY },
    { kind: 'need', option: 'referrers', needs: 'digests', why: REGISTRY },
    { kind: 'exclude', options: ['json', 'yaml'], why: 'they are two forms of one output' },
    { kind: 'exclude', options: ['yaml', 'digests'], why: 'sync copies by tags' },
  ],
  examples: [
    'portolan images --kubernetes v1.33.2',
    'portolan images --kubernetes v1.33.2,v1.34.x > images.txt',
    'portolan images --kubernetes v1.33.2 --custom-repository registry.example/k8s --digests',
    'portolan images --upgrade v1.33.1..v1.34.0',
    'portolan images --from-cluster --context production',
    'helm template ./chart | portolan images --from-files -',
  ],
})

export type ImagesOptions = OptionsOf<typeof IMAGES>
