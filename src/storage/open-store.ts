import type { S3ClientConfig } from '@aws-sdk/client-s3'
import type { FillConfig } from '../config/config.ts'
import type { Runtime } from '../runtime.ts'
import type { CreateMd5 } from './driver/digests.ts'
import type { ObjectStore } from './object-store.ts'

/** What drivers borrow from the process. */
export interface OpenStoreOptions {
  readonly runtime: Runtime
  /** Where credentials are looked for: docs/syncing.md names the variables. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The text of a file that a config names as the place of a secret. */
  readonly readFile?: (path: string) => Promise<string>
  /** Lets services check what arrives that know no better checksum. */
  readonly createMd5?: CreateMd5
  /** What AWS's SDK sends its requests by, where that is not its own: through proxies. */
  readonly s3Handler?: S3ClientConfig['requestHandler']
  /** The forward proxy for a URL, for SDKs that ask for one. */
  readonly proxyFor?: (url: string) => string | undefined
  /** At one request, until a store counts as unreachable; 4 unless told. */
  readonly attempts?: number
}

/**
 * Opens the place that a store is filled through. Its driver, and the SDK behind that, are loaded now and not before.
 * Throws `CONFIG_INVALID` for credentials that cannot be used; it asks the store nothing yet.
 */
export async function openStore(fill: FillConfig, options: OpenStoreOptions): Promise<ObjectStore> {
  const lent = { attempts: 4, ...options }
  switch (fill.kind) {
    case 's3':
      return (await import('./s3/s3-store.ts')).openS3Store(fill, lent)
    case 'azureBlob':
      return (await import('./azure-blob/azure-blob-store.ts')).openAzureBlobStore(fill, lent)
    case 'gcs':
      return (await import('./gcs/gcs-store.ts')).openGcsStore(fill, lent)
    case 'folder':
      return new (await import('./fs/folder-store.ts')).FolderStore(
        fill.folder,
        options.runtime,
        fill.partial,
      )
  }
}
