import { createCipheriv, createHash } from 'node:crypto'
import { OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../src/oci/manifest.ts'

const MIB = 1024 * 1024

/** Pushes an image whose layers have so many bytes each, and gives the bytes of all its blobs. */
export async function pushImage(
  host: string,
  name: string,
  layers: readonly number[],
  tag = 'v1',
): Promise<number> {
  const config = await pushBlob(host, name, [Buffer.from(JSON.stringify({ name, tag }))])
  const pushed = []
  for (const [index, size] of layers.entries())
    pushed.push(await pushBlob(host, name, noise(`${name} ${tag} ${index}`, size)))
  const document = {
    ...{ schemaVersion: 2, mediaType: OCI_MANIFEST },
    config: { mediaType: OCI_CONFIG, ...config },
    layers: pushed.map((layer) => ({ mediaType: OCI_LAYER_GZIP, ...layer })),
  }
  await send(`http://${host}/v2/${name}/manifests/${tag}`, {
    method: 'PUT',
    body: JSON.stringify(document),
    headers: { 'Content-Type': OCI_MANIFEST },
  })
  return [config, ...pushed].reduce((sum, { size }) => sum + size, 0)
}

async function pushBlob(
  host: string,
  name: string,
  pieces: Iterable<Buffer>,
): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  let location = await send(`http://${host}/v2/${name}/blobs/uploads/`, { method: 'POST' })
  for (const piece of pieces) {
    hash.update(piece)
    size += piece.length
    location = await send(location, {
      method: 'PATCH',
      body: new Uint8Array(piece),
      headers: { 'Content-Type': 'application/octet-stream' },
    })
  }
  const digest = `sha256:${hash.digest('hex')}`
  const end = new URL(location)
  end.searchParams.set('digest', digest)
  await send(end.href, { method: 'PUT' })
  return { digest, size }
}

/** Bytes that do not compress, in pieces. */
function* noise(label: string, size: number): Generator<Buffer> {
  const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(label).digest(), Buffer.alloc(16))
  const piece = Buffer.alloc(16 * MIB)
  for (let left = size; left > 0; left -= piece.length)
    yield cipher.update(piece.subarray(0, Math.min(left, piece.length)))
}

/** Gives where to go on. */
async function send(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, init)
  if (!response.ok)
    throw new Error(`${init.method} ${url} answered ${response.status}: ${await response.text()}`)
  await response.arrayBuffer()
  return new URL(response.headers.get('location') ?? url, url).href
}
