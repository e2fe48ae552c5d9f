import { defineCauses } from '../cause.ts'

/** What the machine that pulls refuses. */
export const MACHINE_CAUSES = defineCauses({
  unpack: {
    step: 'unpack',
    owner: 'the image',
    is: 'a layer arrived whole and cannot be unpacked',
    because: [
      'the layer is not the kind of archive that it is said to be, or was damaged before it was pushed',
      'the file system of the runtime does not allow what the layer has: links, owners, attributes',
    ],
    try: ['pull it on another machine: does it fail there, too?', 'push the image anew'],
  },
  'user-namespace': {
    step: 'unpack',
    owner: 'this machine',
    is: 'the layer has files of users that this user namespace does not have',
    because: ['/etc/subuid and /etc/subgid give this user too few ids'],
    try: [
      '`grep $USER /etc/subuid /etc/subgid`: 65536 ids or more',
      '`podman system migrate` after a change',
    ],
  },
  'disk-full': {
    step: 'machine',
    owner: 'this machine',
    is: 'the disk of this machine is full',
    because: [
      'images, logs or containers have filled it',
      'the quota of the user or folder is used up',
      'there is space left, and no inodes',
    ],
    try: [
      '`df -h /var/lib/containerd /var/lib/docker /var/lib/containers /var/tmp`, and `df -i`',
      '`crictl rmi --prune`, `docker system prune`, `podman image prune`',
    ],
  },
  'read-only': {
    step: 'machine',
    owner: 'this machine',
    is: 'the place where images are kept cannot be written to',
    because: [
      'its file system is read-only, after a fault of the disk or by mount',
      'the user may not write there',
    ],
    try: [
      '`findmnt -T /var/lib/containerd`, and `dmesg | tail`',
      '`ls -ld` of the folder that the message names',
    ],
  },
  'runtime-unreachable': {
    step: 'machine',
    owner: 'this machine',
    is: 'the runtime itself cannot be reached',
    because: ['it is not running', 'its socket is elsewhere', 'this user may not open the socket'],
    try: [
      '`systemctl status containerd docker crio`',
      '`ls -l` of the socket that the message names',
      '`journalctl -u containerd -n 50`',
    ],
  },
  'too-many-files': {
    step: 'machine',
    owner: 'this machine',
    is: 'this process may open no more files',
    because: ['the limit of open files is too low for so many downloads at once'],
    try: ['`systemctl show --property=LimitNOFILE containerd`', 'raise it, and restart the runtime'],
  },
  'blocked-by-config': {
    step: 'machine',
    owner: 'this machine',
    is: 'the settings of this machine do not let it pull from {host}',
    because: [
      'registries.conf has `blocked = true` for it',
      'a policy of the cluster allows only other registries',
    ],
    try: ['`grep -rn -B3 blocked /etc/containers/registries.conf /etc/containers/registries.conf.d`'],
  },
  'never-pulled': {
    step: 'machine',
    owner: 'the image',
    is: 'the pod forbids a pull, and the image is not on the node',
    because: ['imagePullPolicy is Never'],
    try: [
      'set imagePullPolicy to IfNotPresent, or load the image on each node: `ctr -n k8s.io images import`',
    ],
  },
  cancelled: {
    step: 'machine',
    owner: 'this machine',
    is: 'the client gave up: its own time was over, or somebody stopped it',
    because: [
      'the download makes no progress: a firewall, a stalled store, a very slow connection',
      'the limit is too low for the image: kubelet runtimeRequestTimeout, containerd image_pull_progress_timeout',
      'the runtime was restarted',
    ],
    try: [
      "what stood before it in the runtime's log: `journalctl -u containerd -u docker -u crio -n 100`",
      '`crictl pull {image}`, and see where it stands still',
    ],
    allow: true,
  },
})
