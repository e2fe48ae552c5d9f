import type { z } from 'zod'
import { parseName } from '../oci/name.ts'
import { absolutePath } from './absolute-path.ts'
import { checkDraft } from './check.ts'
import { checkVariableNames } from './check-credentials.ts'
import { checkFilledPlaces } from './check-fills.ts'
import { policyName } from './check-routing.ts'
import type {
  CacheConfig,
  Config,
  CredentialsConfig,
  RegistryConfig,
  RegistryFillConfig,
  RuleConfig,
  StoreConfig,
  SyncConfig,
} from './config.ts'
import { readDocument } from './document.ts'
import type { Draft } from './draft.ts'
import { type Environment, substituteEnvironment } from './environment.ts'
import { type ConfigFault, type ConfigPath, formatConfigPath, type Remark, valueForFault } from './fault.ts'
import { configSchema } from './schema/config.ts'
import { NO_PROOF } from './schema/values.ts'
import { countOf, FAULTS_MAX, messageOf, remarksOf } from './schema-remarks.ts'
import { toFill } from './to-fill.ts'
import { toLegacy } from './to-legacy.ts'
import { toPacing, toSponsors } from './to-sponsors.ts'
import { warningsOf } from './warnings.ts'
import { withoutUndefined } from './without-undefined.ts'

/** What a config is read with, beside its text. */
export interface ParseOptions {
  readonly environment: Environment
  /** The folder that relative paths in the config start from, absolute. */
  readonly baseFolder: string
  /** How faults name the file. */
  readonly fileName: string
}

export type ParsedConfig =
  /** A valid one, and where it cannot do what it says. */
  | { readonly config: Config; readonly warnings: readonly ConfigFault[] }
  | { readonly faults: readonly ConfigFault[] }

/** Reads a config from YAML or JSON text, with every default filled in, or says all that is wrong with it. */
export function parseConfig(
  text: string,
  { environment, baseFolder, fileName: file }: ParseOptions,
): ParsedConfig {
  const document = readDocument(text)
  if ('faults' in document) {
    const faults = document.faults.map(({ message, position }) => ({ file, path: '', message, ...position }))
    return { faults: limited(faults, faults.length, file) }
  }
  const substituted = substituteEnvironment(document.value, environment)
  const parsed = configSchema.safeParse(substituted.value, { error: messageOf })
  const unset = pathsOf(substituted.remarks)
  // A value whose variable is missing is not also of the wrong form.
  const isSet = ({ path }: Pick<Remark, 'path'>) => !unset.has(formatConfigPath(path))
  const issues = (parsed.error?.issues ?? []).filter((issue) => isSet({ path: issue.path as ConfigPath }))
  const count = substituted.remarks.length + countOf(issues)
  const remarks = [
    ...substituted.remarks,
    ...checkVariableNames(document.value),
    ...issues.slice(0, FAULTS_MAX).flatMap(remarksOf).filter(isSet),
  ]
  // Beyond the limit it is not known which values are faulty in themselves, and nobody reads that far.
  if (count <= FAULTS_MAX) remarks.push(...checkDraft(draftOf(substituted.value, pathsOf(remarks))))
  const inFile = (found: readonly Remark[]) =>
    found
      .map(({ path, message, key = false }): ConfigFault => {
        // What stands there by mistake may be a password.
        const isSilent = key || path.includes('credentials')
        const value = isSilent ? undefined : valueForFault(valueAt(substituted.value, path))
        return {
          file,
          path: formatConfigPath(path),
          ...(value !== undefined && { value }),
          message,
          ...document.locate(path, key),
        }
      })
      .sort((one, other) => one.line! - other.line! || one.column! - other.column!)
  if (!parsed.success || remarks.length > 0) {
    const faults = inFile(remarks.slice(0, FAULTS_MAX))
    return { faults: limited(faults, Math.max(count, remarks.length), file) }
  }
  const config = toConfig(parsed.data, baseFolder)
  const overlaps = checkFilledPlaces(config)
  if (overlaps.length > 0) {
    return { faults: limited(inFile(overlaps.slice(0, FAULTS_MAX)), overlaps.length, file) }
  }
  return { config, warnings: inFile(warningsOf(config)) }
}

function limited(faults: readonly ConfigFault[], count: number, file: string): readonly ConfigFault[] {
  if (count <= FAULTS_MAX) return faults
  const message = `has ${count - FAULTS_MAX} faults more; mend these first`
  return [...faults.slice(0, FAULTS_MAX), { file, path: '', message }]
}

/** The values that are not faulty in themselves, for the checks between them. */
function draftOf(value: unknown, faulty: ReadonlySet<string>): Draft {
  return (prune(value, []) ?? {}) as Draft

  function prune(node: unknown, path: ConfigPath): unknown {
    if (faulty.has(formatConfigPath(path))) return undefined
    if (Array.isArray(node)) return node.map((item, index) => prune(item, [...path, index]))
    if (typeof node !== 'object' || node === null) return node
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, prune(item, [...path, key])]))
  }
}

type Parsed = z.output<typeof configSchema>

function toConfig(parsed: Parsed, baseFolder: string): Config {
  const { version, listen, admin, adminHosts, listener, debug, log, pages, upstreams, stores } = parsed
  const { routing, policies, clouds, spill, sponsors = [], pacing, tls, adminTls, endpoints } = parsed
  const { clients, presence, health, ownership, legacy, ca, sync, delivery, cache, revalidate } = parsed
  const registries = toRegistries(parsed)
  return {
    version,
    listen,
    ...(admin !== 'off' && { admin }),
    ...(tls && { tls: toTls(tls, baseFolder) }),
    ...(adminTls && { adminTls: toTls(adminTls, baseFolder) }),
    adminHosts,
    listener,
    debug,
    log,
    pages: withoutUndefined(pages),
    delivery,
    ...(typeof cache === 'object' && { cache: toCache(cache, baseFolder) }),
    registries,
    revalidate,
    upstreams: upstreams.map(
      ({
        id,
        url,
        layout,
        bundle,
        prefix,
        at,
        canonical = isSole(id, parsed),
        complete,
        signatures,
        canary,
        tokenServices,
        credentials,
        fill,
      }) => ({
        id,
        ...(url !== undefined && { url }),
        ...(layout !== undefined && { layout: absolutePath(layout, baseFolder) }),
        ...(bundle !== undefined && { bundle: absolutePath(bundle, baseFolder) }),
        prefix,
        at,
        canonical,
        complete,
        signatures,
        ...(canary !== undefined && { canary }),
        ...(tokenServices !== undefined && { tokenServices }),
        ...(credentials !== undefined && { credentials: toCredentials(credentials, baseFolder) }),
        ...(fill !== undefined && { fill: toRegistryFill(fill, { url: url!, prefix }, baseFolder) }),
      }),
    ),
    stores: stores.map((store) => toStore(store, ownership !== undefined, baseFolder)),
    routing: toRouting(routing),
    ...(policies && {
      policies: policies.map(({ id, share, routing }, index) => ({
        id: id ?? policyName(index),
        share,
        routing: toRouting(routing),
      })),
    }),
    ...(spill && { spill }),
    ...(sponsors.length > 0 && {
      sponsors: toSponsors(sponsors, baseFolder),
      pacing: toPacing(pacing ?? { replicas: 1 }, baseFolder),
    }),
    clouds: {
      places: clouds.places,
      ...(clouds.snapshot !== undefined && { snapshot: absolutePath(clouds.snapshot, baseFolder) }),
      ...(clouds.refresh !== 'off' && { refresh: clouds.refresh }),
      sources: clouds.sources,
    },
    clients: {
      trustedProxies: clients.trustedProxies,
      header: clients.header,
      ...(clients.htpasswd !== undefined && { htpasswd: absolutePath(clients.htpasswd, baseFolder) }),
    },
    presence,
    health,
    ...(ownership && { ownership }),
    ...(endpoints && { endpoints: toEndpoints(endpoints, ownership, baseFolder) }),
    ...(legacy && { legacy: toLegacy(legacy, baseFolder) }),
    ...(ca && { ca: ca.map((path) => absolutePath(path, baseFolder)) }),
    ...(sync && { sync: toSync(sync, upstreams, baseFolder) }),
  }
}

function toRouting(rules: Parsed['routing']): RuleConfig[] {
  return rules.map(({ when, prefer, within }) => ({
    when: withoutUndefined(when),
    prefer,
    ...(within !== undefined && { within }),
  }))
}

/** Whether an upstream is the only one of its registry, and so needs not be called canonical. */
function isSole(id: string, { upstreams, registries }: Parsed): boolean {
  const registry = registries?.find((each) => each.upstreams.includes(id))
  return (registry?.upstreams ?? upstreams).length === 1
}

function toCache(
  { accelRedirect, folder, pin, platforms, scrub, size }: Exclude<NonNullable<Parsed['cache']>, string>,
  baseFolder: string,
): CacheConfig {
  return {
    folder: absolutePath(folder, baseFolder),
    size,
    pin: pin.map((path) => absolutePath(path, baseFolder)),
    platforms,
    ...(scrub !== 'off' && { scrub }),
    ...(accelRedirect !== undefined && { accelRedirect }),
  }
}

/** Without any in the file, a mirror is one of what the canonical upstream's URL names. */
function toRegistries({
  delivery,
  registries,
  upstreams,
  stores,
  clients,
}: Parsed): readonly RegistryConfig[] {
  if (delivery !== 'relay') return []
  const all = stores.map(({ id }) => id)
  if (registries !== undefined) {
    return registries.map(({ host, path, names, upstreams: ids, stores: some = all, public: isPublic }) => {
      return { host, ...pathOf(host, path), names, upstreams: ids, stores: some, public: isPublic }
    })
  }
  const { url } = upstreams.find((upstream) => upstream.canonical) ?? upstreams[0]!
  const host = url === undefined ? '' : new URL(url).host
  const ids = upstreams.map(({ id }) => id)
  const isPublic = clients.public ?? false
  return [{ host, ...pathOf(host), names: [], upstreams: ids, stores: all, public: isPublic }]
}

/** A host with a port cannot stand in a repository's name. */
function pathOf(host: string, path = host): Pick<RegistryConfig, 'path'> {
  return parseName(path) === undefined ? {} : { path }
}

/** Another address has repositories of its own, and so a prefix of its own. */
function toRegistryFill(
  { registry }: NonNullable<Parsed['upstreams'][number]['fill']>,
  upstream: { readonly url: string; readonly prefix: string },
  baseFolder: string,
): RegistryFillConfig {
  const {
    url = upstream.url,
    prefix = registry.url === undefined ? upstream.prefix : '',
    credentials,
  } = registry
  return {
    ...{ kind: 'registry', url, prefix },
    ...(credentials !== undefined && { credentials: toCredentials(credentials, baseFolder) }),
  }
}

function toCredentials(
  { dockerConfig, helper, cloud, ...login }: NonNullable<Parsed['upstreams'][number]['credentials']>,
  baseFolder: string,
): CredentialsConfig {
  if (dockerConfig !== undefined) {
    return { kind: 'dockerConfig', file: absolutePath(dockerConfig, baseFolder) }
  }
  if (helper !== undefined) return { kind: 'helper', name: helper }
  if (cloud !== undefined) return { kind: 'cloud', cloud }
  const { usernameFile, passwordFile, ...named } = login
  return {
    kind: 'login',
    ...withoutUndefined(named),
    ...(usernameFile !== undefined && { usernameFile: absolutePath(usernameFile, baseFolder) }),
    ...(passwordFile !== undefined && { passwordFile: absolutePath(passwordFile, baseFolder) }),
  }
}

function toTls(
  { certificate, key, clientCA }: NonNullable<Parsed['tls']>,
  baseFolder: string,
): NonNullable<Config['tls']> {
  return {
    certificate: absolutePath(certificate, baseFolder),
    key: absolutePath(key, baseFolder),
    ...(clientCA !== undefined && { clientCA: absolutePath(clientCA, baseFolder) }),
  }
}

/** A config without any key for it has been refused before. */
function toEndpoints(
  { file, publicKey }: NonNullable<Parsed['endpoints']>,
  ownership: Parsed['ownership'],
  baseFolder: string,
): NonNullable<Config['endpoints']> {
  return { file: absolutePath(file, baseFolder), publicKey: publicKey ?? ownership!.publicKey }
}

function toStore(
  { proof, fill, ...store }: Parsed['stores'][number],
  mustProve: boolean,
  baseFolder: string,
): StoreConfig {
  const whose = proof ?? (mustProve ? store.id : NO_PROOF)
  return {
    ...withoutUndefined(store),
    ...(whose !== NO_PROOF && { proof: whose }),
    ...(fill && { fill: toFill(fill, baseFolder) }),
  }
}

function toSync(
  { from, tags, perRepository, journal, signingKey, ...sync }: NonNullable<Parsed['sync']>,
  upstreams: Parsed['upstreams'],
  baseFolder: string,
): SyncConfig {
  const canonical = upstreams.find((upstream) => upstream.canonical) ?? upstreams[0]!
  return {
    from: from ?? canonical.id,
    tags: withoutUndefined(tags),
    perRepository: perRepository.map(({ repositories, tags }) => ({
      repositories,
      tags: withoutUndefined(tags),
    })),
    ...sync,
    journal: absolutePath(journal, baseFolder),
    ...(signingKey !== undefined && { signingKey: absolutePath(signingKey, baseFolder) }),
  }
}

function valueAt(root: unknown, path: ConfigPath): unknown {
  let node = root
  for (const step of path) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, step)) return undefined
    node = (node as Record<string | number, unknown>)[step]
  }
  return node
}

function pathsOf(remarks: readonly Remark[]): ReadonlySet<string> {
  return new Set(remarks.map(({ path }) => formatConfigPath(path)))
}
