import { createCipheriv, createHash } from 'node:crypto'
import {
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../../src/oci/manifest.ts'

const MIB = 1024 * 1024

/** An image as it was pushed; `content` are all manifests and blobs that its tag leads to, by digest. */
export interface PushedImage {
  readonly name: string
  readonly tag: string
  readonly digest: string
}

export interface PushedImages {
  readonly images: readonly PushedImage[]
  /** Bytes of every blob, by digest. */
  readonly blobs: ReadonlyMap<string, Buffer>
  /** Bytes of every manifest, by digest. */
  readonly manifests: ReadonlyMap<string, Buffer>
}

interface Described {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

/**
 * Pushes one of each kind that a registry holds: an image for two platforms with its signature (cosign's tag) and a
 * referrer (by the fallback tag of OCI distribution spec 1.1, "Referrers Tag Schema"), one with a layer of 104 MiB, one
 * in Docker's schema 2, and an artifact.
 */
export async function pushImages(host: string, prefix: string): Promise<PushedImages> {
  const images: PushedImage[] = []
  const blobs = new Map<string, Buffer>()
  const manifests = new Map<string, Buffer>()

  async function blob(name: string, mediaType: string, bytes: Buffer): Promise<Described> {
    const digest = digestOf(bytes)
    blobs.set(digest, bytes)
    const begun = await send(`http://${host}/v2/${prefix}/${name}/blobs/uploads/`, { method: 'POST' })
    const location = new URL(begun.headers.get('location')!, `http://${host}`)
    location.searchParams.set('digest', digest)
    await send(location.href, {
      method: 'PUT',
      body: new Uint8Array(bytes),
      headers: { 'Content-Type': 'application/octet-stream' },
    })
    return { mediaType, digest, size: bytes.length }
  }

  async function manifest(name: string, tag: string | undefined, document: object): Promise<Described> {
    const { mediaType } = document as { mediaType: string }
    const bytes = Buffer.from(JSON.stringify(document))
    const digest = digestOf(bytes)
    manifests.set(digest, bytes)
    await send(`http://${host}/v2/${prefix}/${name}/manifests/${tag ?? digest}`, {
      method: 'PUT',
      body: bytes,
      headers: { 'Content-Type': mediaType },
    })
    if (tag !== undefined) images.push({ name, tag, digest })
    return { mediaType, digest, size: bytes.length }
  }

  const json = (name: string, mediaType: string, value: object) =>
    blob(name, mediaType, Buffer.from(JSON.stringify(value)))
  const layer = (name: string, label: string, size: number) => blob(name, OCI_LAYER_GZIP, seeded(label, size))
  const image = async (name: string, architecture: string, layers: readonly Described[]) => ({
    ...(await manifest(name, undefined, {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: await json(name, OCI_CONFIG, {
        os: 'linux',
        architecture,
        rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      }),
      layers,
    })),
    platform: { os: 'linux', architecture },
  })

  const base = await layer('app', 'base', 3 * MIB)
  const app = await manifest('app', 'v1.2.0', {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [
      await image('app', 'amd64', [base, await layer('app', 'amd64', 9 * MIB)]),
      await image('app', 'arm64', [base, await layer('app', 'arm64', 9 * MIB)]),
    ],
  })
  await manifest('app', `${app.digest.replace(':', '-')}.sig`, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: await json('app', OCI_CONFIG, {
      os: '',
      architecture: '',
      rootfs: { type: 'layers', diff_ids: [] },
    }),
    layers: [await json('app', 'application/vnd.dev.cosign.simplesigning.v1+json', { critical: app.digest })],
  })
  const referrer = await manifest('app', undefined, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: 'application/spdx+json',
    config: await json('app', OCI_EMPTY, {}),
    layers: [await json('app', 'application/spdx+json', { spdxVersion: 'SPDX-2.3' })],
    subject: app,
  })
  await manifest('app', app.digest.replace(':', '-'), {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [{ ...referrer, artifactType: 'application/spdx+json' }],
  })

  const large = await layer('team/large', 'large', 104 * MIB)
  await manifest('team/large', 'v2.0.0', {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: await json('team/large', OCI_CONFIG, {
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: [large.digest] },
    }),
    layers: [large],
  })

  const old = await blob('old', 'application/vnd.docker.image.rootfs.diff.tar.gzip', seeded('old', 2 * MIB))
  await manifest('old', '3.9', {
    schemaVersion: 2,
    mediaType: DOCKER_MANIFEST,
    config: await json('old', 'application/vnd.docker.container.image.v1+json', {
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: [old.digest] },
    }),
    layers: [old],
  })

  await manifest('chart', '0.1.0', {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: 'application/vnd.cncf.helm.config.v1+json',
    config: await json('chart', 'application/vnd.cncf.helm.config.v1+json', {
      name: 'chart',
      version: '0.1.0',
    }),
    layers: [
      await blob('chart', 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', seeded('chart', 5000)),
    ],
  })
  return { images, blobs, manifests }
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** Bytes that look random, as compressed content does, and are the same for the same label. */
function seeded(label: string, length: number): Buffer {
  const key = createHash('sha256').update(label).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length))
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  if (!response.ok)
    throw new Error(`${init.method} ${url} answered ${response.status}: ${await response.text()}`)
  await response.arrayBuffer()
  return response
}
