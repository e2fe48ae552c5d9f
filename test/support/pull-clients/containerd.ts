import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type InstalledContainerd, installedContainerds, startContainerd } from '../containerd.ts'
import { findPrograms } from '../programs.ts'
import { BY_KUBELET, MAX_WAIT, type PullClient } from './pull-client.ts'

// Both unpack without mounts, which not every machine that runs tests allows.

const CONFIG_2 = `version = 2
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native"
`
/** With what makes it fetch a blob in several ranges at once, or without. */
const config3 = (ranges: string) => `version = 3
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "native"
  image_pull_progress_timeout = "${MAX_WAIT / 1000}s"
[plugins."io.containerd.transfer.v1.local"]
  ${ranges}
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux/${process.arch === 'x64' ? 'amd64' : process.arch}"
  snapshotter = "native"
`
const TIMEOUT = [`--pull-timeout=${MAX_WAIT / 1000}s`]
const RANGES = 'max_concurrent_downloads = 8\n  concurrent_layer_fetch_buffer = 1048576'

/** Its garbage collection waits for long after the start: until then it keeps what a pull that failed has left. */
const COLLECTS_LATE = `[plugins."io.containerd.gc.v1.scheduler"]
  startup_delay = "25s"
`

const missing =
  findPrograms('crictl').missing ?? (process.getuid?.() === 0 ? undefined : 'containerd runs as root only')

/**
 * Every containerd that is installed, asked by its CRI as kubelet does, and a new one once more that fetches blobs in
 * ranges; one entry that says what is missing if there is none.
 */
export async function containerdClients(): Promise<PullClient[]> {
  const installed = await installedContainerds()
  if (installed.length === 0) return [NONE]
  return installed.flatMap((containerd) => {
    const name = nameOf(containerd)
    if (isOld(containerd)) return [clientOf(name, containerd, CONFIG_2, TIMEOUT)]
    return [
      clientOf(name, containerd, config3('')),
      { ...clientOf(`${name} in ranges`, containerd, config3(RANGES)), mayHang: RANGES_HANG },
    ]
  })
}

/** Seen in 2.2.9: `dockerFetcher.open` leaves the pipes of parts open whose turn had not come (fetcher.go, 580). */
const RANGES_HANG =
  'when one blob of a pull fails while another comes in parts, it may wait for these for ever, and keeps that blob locked'

/**
 * The same, with a garbage collection that is as late as that of a busy node: from kubelet's first try to its second they
 * keep wrong bytes, and fail with them without asking for the blob.
 */
export async function lateContainerdClients(): Promise<PullClient[]> {
  const installed = await installedContainerds()
  if (installed.length === 0) return [NONE]
  return installed.map((containerd) => {
    const settings = isOld(containerd) ? CONFIG_2 : config3('')
    return clientOf(nameOf(containerd), containerd, settings + COLLECTS_LATE)
  })
}

const NONE: PullClient = {
  name: 'containerd',
  missing: 'not on this machine: containerd',
  waitEnd: '',
  pauses: BY_KUBELET,
  start: () => Promise.reject(new TypeError('there is no containerd')),
}

function nameOf({ version: { major, minor } }: InstalledContainerd): string {
  return `containerd ${major}.${minor}`
}

function isOld({ version }: InstalledContainerd): boolean {
  return version.major < 2
}

/** With words for `crictl pull` where its config does not bound its wait. */
function clientOf(
  name: string,
  containerd: InstalledContainerd,
  settings: string,
  words: readonly string[] = [],
): PullClient {
  return {
    name,
    missing,
    waitEnd: words.length > 0 ? 'crictl --pull-timeout' : 'its image_pull_progress_timeout',
    pauses: BY_KUBELET,
    async start(folder) {
      const config = join(folder, 'config.toml')
      await writeFile(config, settings)
      const running = await startContainerd(containerd, { folder, config })
      return {
        pull: (host, image) => running.pull(`${host}/${image}`, words),
        [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
      }
    },
  }
}
