import { stringify } from 'yaml'
import { type NodeConfig, nothingToSet } from '../node-config/node-config.ts'
import { type MirrorRequest, mirrorNotes, prefixesOf } from './node-mirror.ts'

const FILE = 'image-mirrors.yaml'
const NAME = 'mirror'

/** OpenShift (since 4.13) writes CRI-O's mirrors from two kinds of objects, for references by tag and for those by digest. */
export function openshiftMirror(request: MirrorRequest): NodeConfig {
  const { mirror, noFallback = false } = request
  const { prefixes, notes } = prefixesOf(mirror)
  if (prefixes.length === 0) return nothingToSet(notes)
  const mirrors = prefixes.map(({ host, prefix }) => ({
    source: host,
    mirrors: [prefix],
    mirrorSourcePolicy: noFallback ? 'NeverContactSource' : 'AllowContactingSource',
  }))
  const sets = ['Tag', 'Digest'].map((kind) => ({
    apiVersion: 'config.openshift.io/v1',
    kind: `Image${kind}MirrorSet`,
    metadata: { name: NAME },
    spec: { [`image${kind}Mirrors`]: mirrors },
  }))
  const trust =
    mirror.authorityCertificate === undefined ? [] : trustOf(mirror.authority, mirror.authorityCertificate)
  return {
    settings: [
      { file: FILE, whole: true, content: [...sets, ...trust].map((one) => stringify(one)).join('---\n') },
    ],
    apply: [`oc apply -f ${FILE}`, 'oc wait mcp --all --for=condition=Updated --timeout=1h'],
    check: [
      `portolan node-config --check ${FILE}`,
      'oc debug node/NODE -- chroot /host cat /etc/containers/registries.conf',
    ],
    undo: [`oc delete -f ${FILE}`],
    notes: [
      'each node drains and its CRI-O restarts: the machine config operator takes its time',
      'the older ImageContentSourcePolicy is for digests alone, and must not stand beside these',
      ...(mirror.scheme === 'http'
        ? [
            `spec.registrySources.insecureRegistries of image.config.openshift.io/cluster needs ${mirror.authority}`,
          ]
        : []),
      ...(mirror.authorityCertificate === undefined
        ? []
        : [
            'spec.additionalTrustedCA of image.config.openshift.io/cluster is one for all: where it is set, add the key to that ConfigMap',
          ]),
      ...(mirror.asksForPassword
        ? [
            `the name and the password go into the cluster's pull secret, under ${mirror.authority}: oc set data secret/pull-secret -n openshift-config`,
          ]
        : []),
      ...(mirror.asksForCertificate
        ? ['nodes show no certificate of their own: let the mirror ask for a password instead']
        : []),
      ...mirrorNotes(request),
      ...notes,
    ],
  }
}

/** A colon in the key of the ConfigMap is written as two dots. */
function trustOf(authority: string, certificate: string): object[] {
  const name = 'mirror-ca'
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'openshift-config' },
      data: { [authority.replace(':', '..')]: certificate },
    },
    {
      apiVersion: 'config.openshift.io/v1',
      kind: 'Image',
      metadata: { name: 'cluster' },
      spec: { additionalTrustedCA: { name } },
    },
  ]
}
