import type { NodeConfig } from '../node-config/node-config.ts'
import { containerdMirror } from './containerd.ts'
import { crioMirror } from './crio.ts'
import { dockerMirror } from './docker.ts'
import { k3sMirror } from './k3s.ts'
import { kindMirror } from './kind.ts'
import { kopsMirror } from './kops.ts'
import type { MirrorRequest } from './node-mirror.ts'
import { openshiftMirror } from './openshift.ts'
import { talosMirror } from './talos.ts'

/** The tools that can pull through a mirror, and what makes their settings. */
export const MIRROR_TOOLS = {
  containerd: containerdMirror,
  crio: crioMirror,
  docker: dockerMirror,
  k3s: k3sMirror,
  talos: talosMirror,
  kind: kindMirror,
  kops: kopsMirror,
  openshift: openshiftMirror,
} satisfies Record<string, (request: MirrorRequest) => NodeConfig>

export type MirrorTool = keyof typeof MIRROR_TOOLS
