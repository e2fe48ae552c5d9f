import { type NodeConfig, type NodeConfigRequest, pauseImage, pauseNotes } from './node-config.ts'

const FILE = '/etc/default/kubelet'

/** The kubelet's flag says which image its garbage collection must keep; the runtime is what pulls it since 1.24. */
export function kubeletConfig({ data, version }: NodeConfigRequest): NodeConfig {
  const pause = pauseImage(data)
  const isGone = version !== undefined && version.compare('1.35.0-0') >= 0
  if (pause === undefined || isGone) {
    const note = isGone
      ? 'from 1.35 on nothing is set here, since the flag is deprecated and going: set the pause image in the runtime'
      : pauseNotes(pause)[0]!
    return { settings: [], apply: [], check: [], undo: [], notes: [note] }
  }
  return {
    settings: [
      { file: FILE, whole: false, content: `KUBELET_EXTRA_ARGS="--pod-infra-container-image=${pause}"\n` },
    ],
    apply: ['systemctl restart kubelet'],
    check: ['tr "\\0" "\\n" < /proc/$(pidof kubelet)/cmdline | grep pod-infra'],
    undo: [`# take the flag out of ${FILE} again`, 'systemctl restart kubelet'],
    notes: [
      `${FILE} is where packages for Debian look; those for RPM look in /etc/sysconfig/kubelet; other flags there stay`,
      'kubeadm writes the same flag to /var/lib/kubelet/kubeadm-flags.env at init and join: "portolan scan --node" finds it',
      'since 1.24 the runtime pulls the pause image and this only keeps it from being collected: set it in the runtime too',
      ...(version === undefined
        ? ['the flag is deprecated: where "kubelet --help" has none, set the runtime alone']
        : []),
      ...pauseNotes(pause),
    ],
  }
}
