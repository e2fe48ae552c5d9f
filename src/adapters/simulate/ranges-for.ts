import type { CloudsConfig } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import { readSnapshotFile } from '../ranges/snapshot-file.ts'
import { updateInWorker } from '../ranges/update-in-worker.ts'

/** The ranges that a config finds clients by, where nobody is asked for newer ones. */
export interface RangesFor {
  readonly snapshot?: Uint8Array
  /** The lists of a file; else the networks and countries that come with Portolan; or nothing, as the config wants none. */
  readonly by: 'lists' | 'networks' | 'nothing'
}

/** What comes with Portolan, as a snapshot: it takes a second or two to make, and is the same for every config. */
let networks: Promise<Uint8Array | undefined> | undefined

/** Reads the snapshot of a config as a door that starts does. Throws `FILE_UNREADABLE`. */
export async function rangesFor({ snapshot: file, refresh }: CloudsConfig): Promise<RangesFor> {
  if (file === undefined && refresh === undefined) return { by: 'nothing' }
  const listed = file === undefined ? undefined : await readSnapshotFile(file)
  if (listed !== undefined) return { snapshot: listed, by: 'lists' }
  if (refresh === undefined) {
    const message = `there is no ${file} (clouds.snapshot); "portolan ranges update --out ${file}" makes it`
    throw new PortolanError('FILE_UNREADABLE', message, { file })
  }
  networks ??= makeNetworks()
  const snapshot = await networks
  return { ...(snapshot && { snapshot }), by: 'networks' }
}

async function makeNetworks(): Promise<Uint8Array | undefined> {
  const created = new Date().toISOString()
  return (await updateInWorker({ providers: [], lists: [], geo: true, geoAlone: true, created })).snapshot
}
