import { type NodeConfig, type NodeConfigRequest, nothingToSet, pauseImage } from './node-config.ts'

const FILE = '/etc/default/kubelet'

/** The kubelet's flag says which image its garbage collection must keep; the runtime is what pulls it since 1.24. */
export function kubeletConfig(request: NodeConfigRequest): NodeConfig {
  const { version } = request
  const { image, notes } = pauseImage({ ...request, ...(version && { kubernetes: version }) })
  if (version !== undefined && version.compare('1.35.0-0') >= 0) {
    return nothingToSet([
      'nothing is set here: the kubelet of 1.35 and later does not start with the flag; set the pause image in the runtime',
    ])
  }
  if (image === undefined) return nothingToSet(notes)
  return {
    settings: [
      { file: FILE, whole: false, content: `KUBELET_EXTRA_ARGS="--pod-infra-container-image=${image}"\n` },
    ],
    apply: ['systemctl restart kubelet'],
    check: ['tr "\\0" "\\n" < /proc/$(pidof kubelet)/cmdline | grep pod-infra'],
    undo: [`# take the flag out of ${FILE} again`, 'systemctl restart kubelet'],
    notes: [
      `${FILE} is where packages for Debian look; those for RPM look in /etc/sysconfig/kubelet; other flags there stay`,
      'kubeadm writes the same flag to /var/lib/kubelet/kubeadm-flags.env at init and join: "portolan scan --node" finds it',
      'since 1.24 the runtime pulls the pause image and this only keeps it from being collected: set it in the runtime too',
      ...(version === undefined
        ? [
            'the kubelet of 1.35 and later does not start with the flag: set the runtime alone; --tool-version says so',
          ]
        : []),
      ...notes,
    ],
  }
}
