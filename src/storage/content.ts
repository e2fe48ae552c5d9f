/** Repositories that are at hand, for a door that answers requests itself. */
export type { RegistryReader as Content } from '../registry/reader.ts'
