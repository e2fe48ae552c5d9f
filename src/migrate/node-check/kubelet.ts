import type { Checkup } from './checkup.ts'
import { unitCommands } from './systemd-units.ts'

const FLAG = '--pod-infra-container-image'
const ENVIRONMENTS = ['/var/lib/kubelet/kubeadm-flags.env', '/etc/default/kubelet', '/etc/sysconfig/kubelet']

/**
 * Looks at the kubelet: 1.35 and later do not start with the flag of the pause image (kubernetes/kubernetes#133779).
 * kubeadm has written it on every node before, so that it says nothing where the version is not known.
 */
export function checkKubelet(checkup: Checkup): void {
  const version = checkup.request.version ?? checkup.request.kubernetes
  const lines = [
    ...ENVIRONMENTS.flatMap((file) =>
      (checkup.text(file) ?? '').split('\n').map((text, index) => ({ file, line: index + 1, text })),
    ),
    ...unitCommands(checkup, 'kubelet.service').map(({ words, ...where }) => ({
      ...where,
      text: words.join(' '),
    })),
  ]
  if (version === undefined || version.compare('1.35.0-0') < 0) return
  for (const { text, ...where } of lines) {
    if (!text.includes(FLAG) || text.trim().startsWith('#')) continue
    checkup.fault(where, {
      rule: 'kubelet-flag',
      effect: 'broken',
      problem: `the kubelet ${version.version} does not start with ${FLAG}`,
      fix: 'take the flag out, and set the pause image in the runtime: portolan node-config --for containerd or crio',
    })
  }
}

/** Looks at cri-dockerd's unit. */
export function checkCriDockerd(checkup: Checkup): void {
  unitCommands(checkup, 'cri-docker.service')
}
