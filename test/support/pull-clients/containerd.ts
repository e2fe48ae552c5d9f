import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type InstalledContainerd, installedContainerds, startContainerd } from '../containerd.ts'
import { findPrograms } from '../programs.ts'
import { BY_KUBELET, PATIENCE, type PullClient } from './pull-client.ts'

/** Unpacks without mounts, which not every machine that runs tests allows. */
const CONFIG_2 = `version = 2
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native"
`
const CONFIG_3 = `version = 3
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "native"
  image_pull_progress_timeout = "${PATIENCE / 1000}s"
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux/${process.arch === 'x64' ? 'amd64' : process.arch}"
  snapshotter = "native"
`

/** Every containerd that is installed, asked by its CRI as kubelet does; one entry that says what is missing if none is. */
export async function containerdClients(): Promise<PullClient[]> {
  const installed = await installedContainerds()
  if (installed.length === 0) return [clientOf('containerd', 'not on this machine: containerd', undefined)]
  const { missing } = findPrograms('crictl')
  return installed.map((containerd) =>
    clientOf(`containerd ${containerd.version.major}.${containerd.version.minor}`, missing, containerd),
  )
}

function clientOf(
  name: string,
  missing: string | undefined,
  containerd: InstalledContainerd | undefined,
): PullClient {
  const isNew = (containerd?.version.major ?? 2) > 1
  return {
    name,
    missing,
    patience: isNew ? 'its image_pull_progress_timeout' : 'crictl --pull-timeout',
    pauses: BY_KUBELET,
    async start(folder) {
      const config = join(folder, 'config.toml')
      await writeFile(config, isNew ? CONFIG_3 : CONFIG_2)
      const running = await startContainerd(containerd!, { folder, config })
      const timeout = isNew ? [] : [`--pull-timeout=${PATIENCE / 1000}s`]
      return {
        pull: (host, image) => running.pull(`${host}/${image}`, timeout),
        [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
      }
    },
  }
}
