import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { type TarFile, writeTar } from '../../src/demo/tar.ts'
import type { LibraryFile } from './libraries.ts'

/** Nobody: Kubernetes can tell by the number that it is not root. */
const USER = 65532
const PROGRAM = 'usr/local/bin/portolan'
const CONFIG = '/etc/portolan/portolan.yaml'
const MEDIA_TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const

export interface ImageOptions {
  readonly version: string
  readonly commit: string
  /** Of the commit. */
  readonly date: Date
  /** As Go calls it, such as `amd64`. */
  readonly architecture: string
  readonly executable: Uint8Array
  /** The loader, what it loads, and the licences of those. */
  readonly libraries: readonly LibraryFile[]
  /** The licences of all that is in it. */
  readonly licences: Uint8Array
}

/** Bytes, and what a manifest says of them. */
interface Blob {
  readonly bytes: Buffer
  readonly digest: string
  readonly size: number
}

/**
 * An image with the executable, its loader, its libraries and all licences, as an archive: an OCI layout
 * (image-spec, image-layout.md) that has the `manifest.json` of `docker save` too, for a Docker that reads no layout.
 * The same as deploy/docker/Dockerfile.executable makes, without a container tool, and always the same bytes.
 */
export function writeImage(options: ImageOptions): Buffer {
  const seconds = Math.floor(options.date.getTime() / 1000)
  const root = writeTar(rootOf(options), seconds)
  const layer = blobOf(gzipSync(root))
  const config = jsonBlob(configOf(options, `sha256:${sha256(root)}`))
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: describe(MEDIA_TYPES.config, config),
    layers: [describe(MEDIA_TYPES.layer, layer)],
    annotations: labelsOf(options),
  })
  const name = `localhost/portolan:${options.version}`
  const index = jsonBlob({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.index,
    manifests: [
      {
        ...describe(MEDIA_TYPES.manifest, manifest),
        platform: { architecture: options.architecture, os: 'linux' },
        annotations: { 'org.opencontainers.image.ref.name': name, 'io.containerd.image.name': name },
      },
    ],
  })
  const docker = jsonBlob([{ Config: pathOf(config), RepoTags: [name], Layers: [pathOf(layer)] }])
  const files = [
    { path: 'oci-layout', bytes: jsonBlob({ imageLayoutVersion: '1.0.0' }).bytes },
    { path: 'index.json', bytes: index.bytes },
    { path: 'manifest.json', bytes: docker.bytes },
    ...[layer, config, manifest].map((blob) => ({ path: pathOf(blob), bytes: blob.bytes })),
  ]
  return writeTar(files, seconds)
}

/** image-spec, config.md. */
function configOf(options: ImageOptions, root: string): object {
  const created = createdOf(options)
  return {
    created,
    architecture: options.architecture,
    os: 'linux',
    config: {
      User: `${USER}:${USER}`,
      ExposedPorts: { '8080/tcp': {} },
      Entrypoint: [`/${PROGRAM}`],
      Cmd: ['serve', '--config', CONFIG],
      WorkingDir: '/',
      Labels: labelsOf(options),
      StopSignal: 'SIGTERM',
      // Docker's own, which OCI does not know; in nanoseconds.
      Healthcheck: {
        Test: ['CMD', `/${PROGRAM}`, 'healthcheck', '--config', CONFIG],
        ...{ Interval: 10e9, Timeout: 3e9, StartPeriod: 30e9, Retries: 3 },
      },
    },
    rootfs: { type: 'layers', diff_ids: [root] },
    history: [{ created, created_by: 'Portolan: the executable, its loader and its libraries' }],
  }
}

function labelsOf(options: ImageOptions): Readonly<Record<string, string>> {
  return {
    'org.opencontainers.image.title': 'Portolan',
    'org.opencontainers.image.version': options.version,
    'org.opencontainers.image.revision': options.commit,
    'org.opencontainers.image.created': createdOf(options),
    'org.opencontainers.image.licenses': 'Apache-2.0',
  }
}

function createdOf({ date }: ImageOptions): string {
  return date.toISOString().replace(/\.\d+/, '')
}

/** What lies where in the image. A name is looked for in /etc/hosts first, which glibc does only when it is told to. */
function rootOf({ executable, libraries, licences }: ImageOptions): TarFile[] {
  const text = (path: string, content: string) => ({ path, bytes: Buffer.from(content) })
  const files: TarFile[] = [
    text('etc/group', `portolan:x:${USER}:\n`),
    text('etc/nsswitch.conf', 'hosts: files dns\n'),
    text('etc/passwd', `portolan:x:${USER}:${USER}::/tmp:/\n`),
    ...libraries.map(({ path, bytes }) => ({
      path: path.slice(1),
      bytes,
      executable: !path.startsWith('/usr/share/'),
    })),
    { path: PROGRAM, bytes: executable, executable: true },
    { path: 'usr/share/doc/portolan/licences.txt', bytes: licences },
  ]
  const noBytes = new Uint8Array()
  return [{ path: 'tmp/', bytes: noBytes, mode: 0o1777 }, ...files]
}

function jsonBlob(value: unknown): Blob {
  return blobOf(Buffer.from(JSON.stringify(value)))
}

function blobOf(bytes: Buffer): Blob {
  return { bytes, digest: `sha256:${sha256(bytes)}`, size: bytes.length }
}

function describe(mediaType: string, { digest, size }: Blob): object {
  return { mediaType, digest, size }
}

function pathOf({ digest }: Blob): string {
  return `blobs/${digest.replace(':', '/')}`
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
