import type { Shape } from '../shape.ts'

/** The machine that pulls, and its settings. */
export const MACHINE_SHAPES: readonly Shape[] = [
  {
    says: ['no space left on device', 'disk quota exceeded'],
    causes: ['disk-full'],
    source: 'errno(3): ENOSPC, EDQUOT',
  },
  {
    says: ['read-only file system'],
    causes: ['read-only'],
    source: 'errno(3): EROFS',
  },
  {
    says: ['too many open files'],
    causes: ['too-many-files'],
    source: 'errno(3): EMFILE, ENFILE',
    unseen: true,
  },
  {
    says: [
      'dial unix {word}: connect: no such file or directory',
      'dial unix {word}: connect: connection refused',
      'dial unix {word}: connect: permission denied',
      'Cannot connect to the Docker daemon',
      'failed to connect to the docker API at unix:',
      'failed to dial "{word}": ',
    ],
    causes: ['runtime-unreachable'],
    source: 'Go net; docker client/errors.go; containerd client',
  },
  {
    says: ['potentially insufficient UIDs or GIDs available in user namespace'],
    causes: ['user-namespace'],
    source: 'containers/storage pkg/archive',
    unseen: true,
  },
  {
    says: [
      'Source image rejected: {words} is rejected by policy',
      'Source image rejected: ',
      'SignatureValidationFailed',
    ],
    causes: ['signature-refused'],
    source: 'containers/image signature/policy_eval.go; kubelet and CRI-O for SignatureValidationFailed',
  },
  {
    says: ['registry {host} is blocked in {word}', 'is blocked in /etc/containers/registries.conf'],
    causes: ['blocked-by-config'],
    source: 'containers/image docker/docker_client.go',
  },
  {
    says: [
      'short-name "{word}" did not resolve to an alias and no unqualified-search registries are defined',
      'short-name resolution enforced but cannot prompt without a TTY',
      'no registry configured',
    ],
    causes: ['short-name'],
    source: 'containers/image pkg/shortnames',
  },
  {
    says: [
      'invalid reference format',
      'could not parse reference: {word}',
      "couldn't parse image name",
      "couldn't parse image reference",
      'repository name must be lowercase',
      'invalid reference: invalid repository "{word}"',
      'invalid reference "{image}", repo must be lowercase',
      'InvalidImageName',
    ],
    causes: ['name-invalid'],
    source: 'distribution/reference; go-containerregistry pkg/name; kubelet pkg/util/parsers',
  },
  {
    says: ['is not present with pull policy of Never', 'ErrImageNeverPull'],
    causes: ['never-pulled'],
    source: 'kubelet pkg/kubelet/images/image_manager.go',
    unseen: true,
  },
  {
    says: [
      'stream terminated by RST_STREAM with error code: CANCEL',
      'code = DeadlineExceeded desc = context deadline exceeded',
      'code = Canceled desc = context canceled',
    ],
    causes: ['cancelled', 'timeout'],
    source: 'gRPC between kubelet or crictl and the runtime',
  },
  {
    says: [
      'happened during read: context deadline exceeded',
      'reading blob {digest}: context deadline exceeded',
      'initializing source docker://{image}: context deadline exceeded',
      'cancel pulling image {image} because of no progress in {word}',
    ],
    causes: ['timeout', 'cancelled'],
    note: 'Bytes came, and then none for as long as the client waits.',
    source: 'containers/image copy; containerd CRI image_pull_progress_timeout',
  },
  {
    says: ['failed to pull and unpack image "{image}": context canceled', 'context deadline exceeded'],
    causes: ['cancelled', 'timeout'],
    source: 'Go context',
    vague: true,
  },
]
