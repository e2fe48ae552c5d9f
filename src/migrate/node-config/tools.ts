import { containerdConfig } from './containerd.ts'
import { criDockerdConfig } from './cri-dockerd.ts'
import { crioConfig } from './crio.ts'
import { dockerConfig } from './docker.ts'
import { helmConfig } from './helm.ts'
import { k3sConfig } from './k3s.ts'
import { kopsConfig } from './kops.ts'
import { kubeadmConfig } from './kubeadm.ts'
import { kubeletConfig } from './kubelet.ts'
import type { NodeConfig, NodeConfigRequest } from './node-config.ts'
import { openshiftConfig } from './openshift.ts'
import { talosConfig } from './talos.ts'

/** The tools whose settings are known, and what makes these. */
export const NODE_TOOLS = {
  containerd: containerdConfig,
  crio: crioConfig,
  kubeadm: kubeadmConfig,
  kubelet: kubeletConfig,
  'cri-dockerd': criDockerdConfig,
  docker: dockerConfig,
  k3s: k3sConfig,
  talos: talosConfig,
  kops: kopsConfig,
  openshift: openshiftConfig,
  helm: helmConfig,
} satisfies Record<string, (request: NodeConfigRequest) => NodeConfig>

export type NodeTool = keyof typeof NODE_TOOLS
