/** Words that say that a pull failed, and leave it to others to say why. */
export interface Wrapper {
  readonly says: string
  /** Where the reason is to be found. */
  readonly look: string
}

const EVENTS =
  'the reason stands in the pod\'s events: `kubectl describe pod POD`, line "Failed to pull image"'
const JOURNAL =
  'the reason stands behind it, or in the log: `journalctl -u kubelet -u containerd -u crio -n 100`'

/** The words of kubelet (pkg/kubelet/images, pkg/kubelet/kuberuntime) and of runtimes around the reason. */
export const WRAPPERS: readonly Wrapper[] = [
  { says: 'ErrImagePull', look: EVENTS },
  { says: 'ImagePullBackOff', look: EVENTS },
  { says: 'Back-off pulling image', look: EVENTS },
  { says: 'RegistryUnavailable', look: EVENTS },
  { says: 'ImageInspectError', look: JOURNAL },
  { says: 'FailedCreatePodSandBox', look: JOURNAL },
  { says: 'Failed to create pod sandbox', look: JOURNAL },
  { says: 'failed to get sandbox image', look: JOURNAL },
  { says: 'Failed to pull image', look: JOURNAL },
  { says: 'failed to pull and unpack image', look: JOURNAL },
  { says: 'failed to resolve reference', look: JOURNAL },
  { says: 'failed to do request', look: JOURNAL },
  {
    says: 'retry limit exceeded',
    look: 'the tool tried several times and does not say why: `regctl -v debug`',
  },
  {
    says: 'Error response from daemon',
    look: 'the reason stands behind it, or in the log: `journalctl -u docker -n 100`',
  },
]

/** Those that a clean line has, from the outside in. */
export function wrappersOf(line: string): readonly Wrapper[] {
  return WRAPPERS.filter(({ says }) => line.includes(says))
}
