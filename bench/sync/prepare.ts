import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A kind of store. */
export type Store = 'folder' | 's3'

/** Makes a folder in which the command can be run. */
export async function prepare(
  host: string,
  repository: string,
  folder: string,
  stores: readonly Store[],
  s3?: {
    readonly origin: string
    readonly bucket: string
    readonly environment: Readonly<Record<string, string>>
  },
): Promise<void> {
  await mkdir(folder)
  const fills = stores.map(async (kind, index) => {
    const id = `${kind}-${index}`
    const root = join(folder, id)
    if (kind === 'folder') await mkdir(root)
    const fill =
      kind === 'folder'
        ? { folder: root }
        : { s3: { bucket: s3!.bucket, endpoint: s3!.origin, prefix: root.slice(1) } }
    return { id, url: `http://${id}.test`, at: 'aws/eu-west-3', manifests: 'manifests/{digest}', fill }
  })
  const config = {
    upstreams: [{ id: 'upstream', url: `http://${host}`, at: 'gcp/us-central1' }],
    stores: await Promise.all(fills),
    sync: { repositories: { list: [repository] }, referrers: false, journal: join(folder, 'journal') },
  }
  await writeFile(join(folder, 'portolan.yaml'), JSON.stringify({ version: 1, ...config }))
}
