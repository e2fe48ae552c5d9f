import type { Amount } from './amount.ts'
import type { Conditions } from './condition.ts'
import type { LegacyConfig } from './legacy-config.ts'

/** The config of a door with every default filled in; durations are milliseconds. Design of the keys: docs/configuration.md. */
export interface Config {
  readonly version: 1
  readonly listen: ListenAddress
  /** Absent when the operator wrote `admin: off`. */
  readonly admin?: ListenAddress
  /** By what the door speaks TLS; absent where it does not. */
  readonly tls?: TlsConfig
  /** The same of the admin service. */
  readonly adminTls?: TlsConfig
  /** Names under which the admin service may be asked, lower case, beside addresses and names nobody can register. */
  readonly adminHosts: readonly string[]
  /** Who reads the door's requests: the plain ones we ourselves, or all of them node:http. */
  readonly listener: 'plain' | 'node-http'
  readonly debug: boolean
  readonly log: LogConfig
  readonly pages: PagesConfig
  /** Whether clients are sent to backends, or given what the door fetches from them: a mirror. */
  readonly delivery: 'redirect' | 'relay'
  /** What a mirror keeps; absent where it keeps nothing. */
  readonly cache?: CacheConfig
  /** The registries that a mirror answers for, at least one; none where clients are redirected. */
  readonly registries: readonly RegistryConfig[]
  readonly revalidate: RevalidateConfig
  readonly upstreams: readonly UpstreamConfig[]
  readonly stores: readonly StoreConfig[]
  readonly routing: readonly RuleConfig[]
  /** Other rules, each for a share of all clients; absent for none. */
  readonly policies?: readonly PolicyConfig[]
  /** How much traffic may move when a backend is down; absent for no bound. */
  readonly spill?: SpillConfig
  /** Who pays for which backends; absent for nobody. */
  readonly sponsors?: readonly SponsorConfig[]
  /** How their budgets are kept to; absent without sponsors. */
  readonly pacing?: PacingConfig
  readonly clients: ClientsConfig
  readonly clouds: CloudsConfig
  readonly presence: PresenceConfig
  readonly health: HealthConfig
  /** By what the door tells the operator's own stores from a stranger's; absent when it is not asked. */
  readonly ownership?: OwnershipConfig
  /** The published list of hosts that clients are sent to; absent where none is published. */
  readonly endpoints?: EndpointsConfig
  /** An old name that the door answers too; absent for none. */
  readonly legacy?: LegacyConfig
  /** Files of certificates that are trusted beside the runtime's; absolute paths. */
  readonly ca?: readonly string[]
  /** How the stores are filled; absent when this config is for a door alone. */
  readonly sync?: SyncConfig
}

export interface ListenAddress {
  /** Without the brackets of IPv6; empty for every interface. */
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

/** Files in PEM, absolute paths. */
export interface TlsConfig {
  /** The certificate, and then those that lead to its authority. */
  readonly certificate: string
  readonly key: string
  /** Authorities, by one of which each client must have a certificate; absent where clients need none. */
  readonly clientCA?: string
}

/** What a mirror keeps on its disk. */
export interface CacheConfig {
  /** Absolute. */
  readonly folder: string
  /** Bytes on disk, downloads on their way included. */
  readonly size: number
  /** Files of image references that are kept whatever happens; absolute paths. */
  readonly pin: readonly string[]
  /** Of what is pinned, such as `linux/amd64`; empty for all. */
  readonly platforms: readonly string[]
  /** Within which time each content is read once and compared with its digest, in milliseconds; absent for never. */
  readonly scrub?: number
  /** Below which path an nginx in front sends what is in `folder` itself, such as `/portolan-cache/`. */
  readonly accelRedirect?: string
}

/** A registry that a mirror answers for. */
export interface RegistryConfig {
  /** As image references name it, such as `docker.io` or `registry.test:5000`; empty for a sole one that has no name. */
  readonly host: string
  /** Front of repository names that stands for it, such as `docker.io` in `mirror.test/docker.io/library/x`; absent for none. */
  readonly path?: string
  /** Names of the mirror that stand for it in `Host`, lower case. */
  readonly names: readonly string[]
  /** Ids, of which one is canonical. */
  readonly upstreams: readonly string[]
  /** Ids of the stores that hold its content. */
  readonly stores: readonly string[]
  /** Whether everybody may read it, whatever is asked of the clients of others. */
  readonly public: boolean
}

/** How a mirror finds out whether what a tag stood for is still what it stands for. */
export interface RevalidateConfig {
  /** How long an answer counts as new, in milliseconds. */
  readonly after: number
  /** How long a client waits for the upstream when there is an older answer, in milliseconds. */
  readonly timeout: number
  /** What is answered when the upstream cannot be asked: the older answer, or that it failed. */
  readonly onError: 'stale' | 'fail'
  /** What is answered when the upstream has it no more: that, or the older answer. */
  readonly onGone: 'refuse' | 'serve'
  /** How long "there is none" is remembered, in milliseconds. */
  readonly negative: number
}

export interface LogConfig {
  /** One JSON line a request. */
  readonly access: boolean
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** What a line says of a client's address: nothing, its /24 or /48, or all of it. */
  readonly addresses: 'off' | 'masked' | 'full'
}

export interface PagesConfig {
  readonly info?: string
  readonly privacy?: string
}

/** A trusted registry: a remote one has `url`, one that the door answers itself from disk has `layout` or `bundle`. */
export interface UpstreamConfig {
  readonly id: string
  /** Origin and optional path, without a slash at the end. */
  readonly url?: string
  /** Folder of an OCI image layout, absolute. */
  readonly layout?: string
  /** Folder with the parts of a bundle, absolute. */
  readonly bundle?: string
  /** Repository prefix at the upstream, without slashes at the ends; empty for none. */
  readonly prefix: string
  /** Name of its place: `aws/eu-west-3`, or `anycast`. */
  readonly at: string
  /** True of exactly one upstream, or of one of each registry. */
  readonly canonical: boolean
  /** Whether it has all that the canonical upstream has. */
  readonly complete: boolean
  /** Whether that includes signatures and other referrers, and what these name. */
  readonly signatures: boolean
  /** A manifest that it must have, as `NAME@DIGEST`. */
  readonly canary?: string
  /** Names of hosts in other domains that may get the registry's credential for a token; absent for none. */
  readonly tokenServices?: readonly string[]
  /** By what a mirror proves itself to it; absent to pull as anybody. */
  readonly credentials?: CredentialsConfig
  /** How `sync` pushes to it; absent when somebody else fills it. */
  readonly fill?: RegistryFillConfig
}

/** Where and as whom a registry is pushed to. */
export interface RegistryFillConfig {
  readonly kind: 'registry'
  /** Origin and optional path, without a slash at the end. */
  readonly url: string
  /** Repository prefix, without slashes at the ends; empty for none. */
  readonly prefix: string
  /** Absent for the login of whoever runs `sync`. */
  readonly credentials?: CredentialsConfig
}

/** Where a login to an upstream comes from; files are absolute, and none of it is a secret. */
export type CredentialsConfig =
  | LoginConfig
  | { readonly kind: 'dockerConfig'; readonly file: string }
  /** The program `docker-credential-NAME`. */
  | { readonly kind: 'helper'; readonly name: string }
  | { readonly kind: 'cloud'; readonly cloud: 'aws' | 'azure' | 'gcp' }

/** A user and a password, each from one of its two places. */
export interface LoginConfig {
  readonly kind: 'login'
  readonly username?: string
  readonly usernameFile?: string
  readonly passwordFile?: string
  /** A variable of the environment. */
  readonly passwordVariable?: string
}

/** An untrusted place that holds bytes by digest. */
export interface StoreConfig {
  readonly id: string
  /** Origin and optional path, without a slash at the end. */
  readonly url: string
  /** Path of a blob below `url`, with `{digest}`, or `{algorithm}` and `{encoded}`. */
  readonly blobs: string
  /** Path of a manifest by digest below `url`, in the same form; absent when it keeps none. */
  readonly manifests?: string
  /** Digest of a small blob that it must have. */
  readonly canary?: string
  /** Name of its place: `aws/eu-west-3`, or `anycast`. */
  readonly at: string
  /** Whether the door goes by the inventory that `sync` leaves in it. */
  readonly inventory: boolean
  /** The id of the store whose proof of ownership it must serve: most often its own; absent when none is asked for. */
  readonly proof?: string
  /** The URL that this proof must name; absent where it is that of the store whose proof it is. */
  readonly proofUrl?: string
  /** How `sync` writes to it; absent when somebody else fills it. */
  readonly fill?: FillConfig
}

/** The key of an object is `prefix`, a slash unless that is empty, and the store's `blobs` or `manifests` path. */
export type FillConfig =
  | {
      readonly kind: 's3'
      readonly bucket: string
      /** `auto` finds it out. */
      readonly region?: string
      readonly endpoint?: string
      readonly prefix: string
      /** Where the bucket stands in an address; absent for in the path with an endpoint, and else before the host. */
      readonly addressing?: 'path' | 'virtualHost'
      /** What goes with each write; `auto` is what the service is found to check, absent for that. */
      readonly checksum?: 'auto' | 'sha256' | 'md5' | 'off'
      readonly credentials?: S3Credentials
    }
  | {
      readonly kind: 'azureBlob'
      /** One of both. */
      readonly account?: string
      readonly endpoint?: string
      readonly container: string
      readonly prefix: string
      readonly credentials?: AzureCredentials
    }
  | {
      readonly kind: 'gcs'
      readonly bucket: string
      readonly endpoint?: string
      readonly prefix: string
      /** JSON of a credential of Google. */
      readonly credentials?: { readonly key: SecretSource }
    }
  /** Absolute. Uploads lie in `partial` until they are whole; absent for beside the folder. */
  | { readonly kind: 'folder'; readonly folder: string; readonly partial?: string }

/** Where a secret is: in a variable of the environment, or in a file with an absolute path. */
export type SecretSource = { readonly variable: string } | { readonly file: string }

export type S3Credentials =
  /** A profile of AWS's own files. */
  | { readonly profile: string }
  | {
      readonly accessKeyId: SecretSource
      readonly secretAccessKey: SecretSource
      readonly sessionToken?: SecretSource
    }

export type AzureCredentials =
  | { readonly sharedKey: SecretSource }
  | { readonly sas: SecretSource }
  /** `system`, or the client id of an identity that the machine has beside. */
  | { readonly managedIdentity: string }
  /** Of a cluster, by the variables that its webhook sets. */
  | { readonly workloadIdentity: true }

export interface OwnershipConfig {
  /** The operator's Ed25519 key: base64 of its SubjectPublicKeyInfo (RFC 8410). */
  readonly publicKey: string
  /** How old a proof may be, in milliseconds. */
  readonly maxAge: number
}

export interface EndpointsConfig {
  /** File of the statement, absolute; its signature is beside it, with `.sig` behind the name. */
  readonly file: string
  /** The Ed25519 key by which it is signed: base64 of its SubjectPublicKeyInfo (RFC 8410). */
  readonly publicKey: string
}

export interface SyncConfig {
  /** Id of an upstream. */
  readonly from: string
  readonly repositories: {
    /** `catalog`, `childRepositories` (Artifact Registry), or the names themselves. */
    readonly list: 'catalog' | 'childRepositories' | readonly string[]
    /** Patterns: a glob, or a regular expression between slashes. Empty includes all. */
    readonly include: readonly string[]
    readonly exclude: readonly string[]
  }
  readonly tags: TagFilters
  /** Other tags for some repositories: the first entry that matches a name counts. */
  readonly perRepository: readonly RepositoryTags[]
  /** Such as `linux/amd64` or `linux/arm/v7`; empty for all. */
  readonly platforms: readonly string[]
  /** Whether signatures and other referrers come along. */
  readonly referrers: boolean
  /** The longest that a manifest goes without being asked for its referrers again, in milliseconds; 0 asks each time. */
  readonly referrersRecheck: number
  /** Whether layers that nobody but their maker may pass on are copied too, from where they lie. */
  readonly foreignLayers: 'skip' | 'copy'
  /** Folder of the journal, absolute. */
  readonly journal: string
  /** Blobs that are copied at once. */
  readonly concurrency: number
  /** To one host. */
  readonly requestsPerSecond: number
  /** Milliseconds for which a registry is left alone when it asks for that; one that wants longer is given up. */
  readonly maxWait: number
  /** File of the operator's Ed25519 key in PEM (PKCS #8), absolute; absent for no proof of ownership. */
  readonly signingKey?: string
}

/** Which tags of a repository are copied. */
export interface TagFilters {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** A range such as `>=1.28 <2`; tags that are no versions are left out then. */
  readonly semver?: string
  /** Only so many, the highest versions first. */
  readonly latest?: number
}

/** Tags of the repositories whose names match. */
export interface RepositoryTags {
  /** Patterns, of which one must match. */
  readonly repositories: readonly string[]
  readonly tags: TagFilters
}

/** One routing rule: the first whose conditions all hold is the one that counts. */
export interface RuleConfig {
  /** Each condition holds when the client's value is one of those listed; no condition always holds. */
  readonly when: Conditions
  /** The best first. */
  readonly prefer: readonly PreferConfig[]
  /** Kilometres beyond which a backend does not count as near; absent for the default. */
  readonly within?: number
}

/** A selector: `upstreams`, `stores`, `upstreams@CLOUD`, `stores@CLOUD`, or a backend's id; or several of them, by weight. */
export type PreferConfig = string | SplitConfig

/** Clients are split between selectors, as their weights say; all are above 0, and need no particular sum. */
export interface SplitConfig {
  readonly split: Readonly<Record<string, number>>
}

/** How many selectors all splits of a rule may have together. */
export const SPLIT_MAX = 12

/** How the rules of `routing` are called beside those of policies, none of which has this id. */
export const MAIN_POLICY = 'main'

/** Rules by which a share of all clients goes instead of by `routing`. */
export interface PolicyConfig {
  /** As the log and the metrics name it. */
  readonly id: string
  /** From 0 to 1. */
  readonly share: number
  readonly routing: readonly RuleConfig[]
}

export interface SpillConfig {
  /** From 0 to 1: of the requests that belong to a backend which is down, how many may move to others, per minute. */
  readonly maxShare: number
  /** What happens to the rest. */
  readonly over: 'canonical' | 'refuse'
}

/** Who pays for backends, and how much: in each month, once within a time, or both, all in one unit. */
export interface SponsorConfig {
  readonly id: string
  /** Selectors, as rules have them. */
  readonly backends: readonly string[]
  readonly budget?: { readonly amount: Amount; readonly per: 'month' }
  readonly credits: readonly CreditConfig[]
  /** The name of a table of prices that comes with Portolan, or an absolute path; absent where all amounts are bytes. */
  readonly prices?: string
  /** Selectors: where those go first for whom the budget does not last. */
  readonly over: readonly string[]
  /** Where its months and days end, such as `America/Los_Angeles`. */
  readonly timezone: string
  /** From 0 to 1: of what would go to its backends, the least and the most that does. */
  readonly floor: number
  readonly ceiling: number
  /** What was spent of the month of this day, before it begins. */
  readonly spent?: { readonly amount: Amount; readonly asOf: string }
}

/** What is paid for once; the first and the last day on which it is, such as `2026-12-31`. */
export interface CreditConfig {
  readonly amount: Amount
  readonly from: string
  readonly until: string
}

export interface PacingConfig {
  /** How many doors share the budgets. */
  readonly replicas: number
  /** File of what was spent, absolute; absent where that is known until the next start alone. */
  readonly ledger?: string
}

export interface ClientsConfig {
  /** Prefixes in text form. */
  readonly trustedProxies: readonly string[]
  /** Lower-cased header name. */
  readonly header: string
  /** File of the users whom a mirror lets in, absolute; absent where none is asked for a password. */
  readonly htpasswd?: string
}

export interface CloudsConfig {
  /** What the operator knows better than any list; the longest prefix wins. */
  readonly places: readonly PlaceOverride[]
  /** File of the range snapshot, absolute. */
  readonly snapshot?: string
  /** How often the providers' lists are fetched; absent for never. */
  readonly refresh?: number
  /** By provider: the address of its list at a mirror, or `off` to leave the provider out. */
  readonly sources: Readonly<Record<string, string>>
}

export interface PlaceOverride {
  /** Prefix in text form. */
  readonly prefix: string
  /** Name of a place, never `anycast`. */
  readonly at: string
}

/** What is remembered of which store holds which digest. */
export interface PresenceConfig {
  readonly ttl: number
  readonly negativeTtl: number
  /** The longest that one client waits for an answer. */
  readonly timeout: number
  /** All stores together. */
  readonly maxEntries: number
}

export interface HealthConfig {
  readonly interval: number
  readonly timeout: number
  /** In a row, until a backend leaves traffic. */
  readonly failures: number
  /** In a row, until it comes back. */
  readonly successes: number
}
