import { stringify } from 'yaml'
import { type NodeConfig, nothingToSet } from '../node-config/node-config.ts'
import { cannotAuthenticate, type MirrorRequest, mirrorNotes, originOf } from './node-mirror.ts'

/** kOps writes containerd's mirrors from `spec.containerd.registryMirrors`, which has URLs and nothing else. */
export function kopsMirror(request: MirrorRequest): NodeConfig {
  const { mirror, noFallback = false } = request
  const lacks = [
    ...cannotAuthenticate(mirror, 'registryMirrors of kOps'),
    ...(mirror.asksForCertificate ? ['registryMirrors of kOps shows no certificate to a mirror'] : []),
    ...(noFallback
      ? [
          'registryMirrors always leave the registry itself as the last one, so that nothing is set with --no-fallback',
        ]
      : []),
  ]
  if (lacks.length > 0) return nothingToSet(lacks)
  const registryMirrors = Object.fromEntries(mirror.registries.map(({ host }) => [host, [originOf(mirror)]]))
  const apply = ['kops update cluster --yes', 'kops rolling-update cluster --yes']
  return {
    settings: [
      {
        file: 'cluster.yaml',
        whole: false,
        content: stringify({ spec: { containerd: { registryMirrors } } }),
      },
    ],
    apply: ['kops replace -f cluster.yaml', ...apply],
    check: ['portolan node-config --check cluster.yaml'],
    undo: ['# take spec.containerd.registryMirrors out again', 'kops edit cluster', ...apply],
    notes: [
      ...(mirror.authorityCertificate === undefined
        ? []
        : [
            "the authority's certificate has to be put into the machines' own trust: spec.fileAssets, and update-ca-certificates by a hook",
          ]),
      ...mirrorNotes(request),
    ],
  }
}
