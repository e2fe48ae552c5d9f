/**
 * A config as its file says it, where each value that is faulty in itself has become `undefined`; its key is still
 * there, so that "missing" and "faulty" stay two things.
 */
export interface Draft {
  readonly listen?: string | undefined
  readonly admin?: string | undefined
  readonly upstreams?: readonly (DraftUpstream | undefined)[] | undefined
  readonly stores?: readonly (DraftStore | undefined)[] | undefined
  readonly routing?: DraftRouting | undefined
  readonly policies?: readonly (DraftPolicy | undefined)[] | undefined
  readonly clouds?: { readonly places?: readonly (DraftPlace | undefined)[] | undefined } | undefined
  readonly delivery?: string | undefined
  readonly tls?: object | undefined
  readonly clients?: { readonly htpasswd?: string | undefined; readonly public?: unknown } | undefined
  readonly cache?: unknown
  readonly registries?: readonly (DraftRegistry | undefined)[] | undefined
  readonly ownership?: unknown
  readonly endpoints?: object | undefined
  readonly sponsors?: readonly (DraftSponsor | undefined)[] | undefined
  readonly pacing?: unknown
  readonly legacy?: DraftLegacy | undefined
  readonly sync?: { readonly from?: string | undefined } | undefined
}

/** An upstream, or what a store has in common with one. */
export interface DraftBackend {
  readonly id?: string | undefined
  readonly url?: string | undefined
  readonly layout?: string | undefined
  readonly bundle?: string | undefined
  readonly at?: string | undefined
  readonly canonical?: unknown
  readonly complete?: unknown
  readonly signatures?: unknown
}

/** An upstream. */
export interface DraftUpstream extends DraftBackend {
  readonly credentials?: Readonly<Record<string, unknown>> | undefined
  readonly fill?: { readonly registry?: DraftRegistryFill | undefined } | undefined
}

/** How an upstream is filled. */
export interface DraftRegistryFill {
  readonly url?: string | undefined
  readonly credentials?: Readonly<Record<string, unknown>> | undefined
}

/** A store. */
export interface DraftStore extends DraftBackend {
  readonly proof?: string | undefined
  readonly proofUrl?: string | undefined
  readonly fill?: DraftFill | undefined
}

/** How a store is filled. */
export interface DraftFill {
  readonly s3?: DraftBucket | undefined
  readonly azureBlob?: DraftBucket | undefined
  readonly gcs?: DraftBucket | undefined
}

/** A bucket or container. */
export interface DraftBucket {
  readonly credentials?: object | undefined
}

/** Routing rules. */
export type DraftRouting = readonly (DraftRule | undefined)[]

/** A routing rule. */
export interface DraftRule {
  readonly when?: Readonly<Record<string, string | readonly string[] | undefined>> | undefined
  readonly prefer?: readonly (string | DraftSplit | undefined)[] | undefined
}

interface DraftSplit {
  readonly split?: Readonly<Record<string, unknown>> | undefined
}

interface DraftPolicy {
  readonly id?: string | undefined
  readonly share?: string | undefined
  readonly routing?: DraftRouting | undefined
}

interface DraftPlace {
  readonly prefix?: string | undefined
  readonly at?: string | undefined
}

/** A sponsor as a file says it, as far as it is not faulty in itself. */
export interface DraftSponsor {
  readonly id?: string | undefined
  readonly backends?: string | readonly (string | undefined)[] | undefined
  readonly budget?: { readonly amount?: string | undefined } | undefined
  readonly credits?: readonly (DraftCredit | undefined)[] | undefined
  readonly prices?: unknown
  readonly over?: string | readonly (string | undefined)[] | undefined
  readonly floor?: unknown
  readonly ceiling?: unknown
  readonly spent?: { readonly amount?: string | undefined } | undefined
}

interface DraftCredit {
  readonly amount?: string | undefined
  readonly from?: string | undefined
  readonly until?: string | undefined
}

/** An old name as a file says it, as far as it is not faulty in itself. */
export interface DraftLegacy {
  readonly host?: string | undefined
  readonly names?: readonly (string | undefined)[] | undefined
  readonly successor?: string | undefined
  readonly list?: string | undefined
  readonly phases?: readonly (DraftPhase | undefined)[] | undefined
}

/** A phase of its schedule. */
export interface DraftPhase {
  readonly id?: string | undefined
  readonly phase?: string | undefined
  readonly from?: string | undefined
  readonly until?: string | undefined
  readonly cohort?: { readonly when?: DraftRule['when'] } | undefined
  readonly answer?: string | undefined
}

/** A registry as a file says it, as far as it is not faulty in itself. */
export interface DraftRegistry {
  readonly host?: string | undefined
  readonly path?: string | undefined
  readonly names?: readonly (string | undefined)[] | undefined
  readonly upstreams?: readonly (string | undefined)[] | undefined
  readonly stores?: readonly (string | undefined)[] | undefined
  readonly public?: unknown
}
