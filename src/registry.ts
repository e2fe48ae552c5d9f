export type { RegistryAddress } from './registry/address.ts'
export { openHttpRegistry } from './registry/http-registry.ts'
export { openHttpWriter } from './registry/http-writer.ts'
export type {
  BlobInfo,
  BlobOptions,
  FetchedManifest,
  OpenedBlob,
  Registry,
  RegistryReader,
  RepositoryReader,
  ResolvedManifest,
} from './registry/reader.ts'
export type { RegistryFetchOptions } from './registry/transport.ts'
export type {
  PushedBlob,
  PushedManifest,
  PutBlobOptions,
  PutBlobResult,
  PutManifestResult,
  RegistryWriter,
  RepositoryWriter,
} from './registry/writer.ts'
export type { Credential, Credentials } from './transport/credential.ts'
