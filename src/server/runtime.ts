import type { SharedFindings } from '../backends/shared-findings.ts'
import type { HeldContent } from '../cache/content-cache.ts'
import type { ManagedCache } from '../cache/managed-cache.ts'
import type { RangesStorage } from '../clouds/fetch/ranges.ts'
import type { CacheConfig, CredentialsConfig } from '../config/config.ts'
import type { FilePart } from '../internal/file-part.ts'
import type { RegistryReader } from '../registry/reader.ts'
import type { Runtime } from '../runtime.ts'
import type { ProcessMetrics } from '../telemetry/process-metrics.ts'
import type { Credentials } from '../transport/credential.ts'
import type { PasswordRuntime } from './admission/password-runtime.ts'
import type { LegacyStorage } from './legacy/legacy-storage.ts'
import type { LedgerStorage } from './sponsors/ledger-storage.ts'

/** What a runtime lends to a door: beside the ground, its disk where it has one. */
export interface DoorRuntime extends Runtime {
  /** Opens the image layout of an upstream that lives on disk. */
  readonly openLayout?: (folder: string) => Promise<RegistryReader>
  /** Opens the bundle whose parts are in a folder. */
  readonly openBundle?: (folder: string) => Promise<RegistryReader>
  /** Opens what a mirror keeps, on disk. */
  readonly openCache?: (config: CacheConfig) => Promise<ManagedCache>
  /** Makes a part of what a cache has open. */
  readonly partOf?: (
    content: HeldContent,
    range: { readonly start: number; readonly end: number },
  ) => FilePart
  /** Gives a mirror its logins to an upstream, as a config says; absent where there are neither files nor an environment. */
  readonly openCredentials?: (config: CredentialsConfig) => Credentials
  /** Checks the passwords of a mirror's clients; absent where there are no files. */
  readonly passwords?: PasswordRuntime
  /** Reads a file of UTF-8, such as a list of pinned images. Rejects with the reason. */
  readonly readText?: (file: string) => Promise<string>
  /** Keeps the range snapshot in a file, and makes new ones. */
  readonly ranges?: RangesStorage
  /** Keeps what sponsors have spent; absent where there is no disk. */
  readonly ledger?: LedgerStorage
  /** Keeps what belongs to an old name; absent where there is no disk. */
  readonly legacy?: LegacyStorage
  /** What is to be scraped of the process around the door; absent where there is none. */
  readonly processMetrics?: ProcessMetrics
  /** Whether the runtime says where clients are, so that no list is needed; by default where there is no disk. */
  readonly placesAreGiven?: boolean
  /** What doors beside this one find out for it, and it for them. */
  readonly shared?: SharedFindings
}
