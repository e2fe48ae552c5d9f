import { CLOUD_REGISTRIES, isRegistryOf } from './cloud-registry.ts'
import type { Draft, DraftRegistryFill, DraftUpstream } from './draft.ts'
import { type ConfigPath, formatConfigPath, type Remark } from './fault.ts'
import { readFlag } from './schema/values.ts'

/** The keys of each way to a login. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  'username and password': ['username', 'usernameFile', 'passwordFile', 'passwordVariable'],
  dockerConfig: ['dockerConfig'],
  helper: ['helper'],
  cloud: ['cloud'],
}

/** What a user and a password may each come from. */
const PARTS = [
  ['username', 'usernameFile'],
  ['passwordFile', 'passwordVariable'],
] as const

/** Each upstream has one login or none, and only a mirror uses it. */
export function* checkCredentials(draft: Draft): Iterable<Remark> {
  // A faulty value is not known to be either.
  const redirects = !('delivery' in draft) || draft.delivery === 'redirect'
  for (const [index, upstream] of (draft.upstreams ?? []).entries()) {
    if (upstream === undefined || !('credentials' in upstream)) continue
    const path: ConfigPath = ['upstreams', index, 'credentials']
    if (redirects) {
      const message =
        'is for a mirror alone, which needs delivery: relay: clients that are redirected ask the upstream as themselves'
      yield { path, message, key: true }
    }
    if ('layout' in upstream || 'bundle' in upstream)
      yield { path, message: 'is for an upstream with url: a folder asks for no login', key: true }
    if (upstream.credentials === undefined) continue
    yield* checkLogin(upstream, path)
  }
}

/** A login is of one kind, and a cloud's for that cloud's own registries. */
export function* checkLogin(at: DraftRegistryFill, path: ConfigPath): Iterable<Remark> {
  if (at.credentials === undefined) return
  yield* checkKind(at.credentials, path)
  yield* checkCloud(at, path)
}

function* checkKind(credentials: Readonly<Record<string, unknown>>, path: ConfigPath): Iterable<Remark> {
  const kinds = Object.keys(KINDS).filter((kind) => KINDS[kind]!.some((key) => key in credentials))
  if (kinds.length === 0) yield { path, message: `needs one of ${Object.keys(KINDS).join(', ')}` }
  if (kinds.length > 1) yield { path, message: `has ${kinds.join(' and ')}; keep one` }
  if (kinds.length !== 1 || kinds[0] !== 'username and password') return
  for (const keys of PARTS) {
    const found = keys.filter((key) => key in credentials)
    if (found.length === 0) yield { path, message: `needs ${keys.join(' or ')}` }
    if (found.length > 1) yield { path, message: `has both ${keys.join(' and ')}; keep one` }
  }
}

/** The identity of a machine opens much more than images, and is shown to its own cloud alone. */
function* checkCloud({ url, credentials }: DraftRegistryFill, path: ConfigPath): Iterable<Remark> {
  const cloud = credentials?.cloud
  if (url === undefined || (cloud !== 'aws' && cloud !== 'azure' && cloud !== 'gcp')) return
  const { protocol, host } = new URL(url)
  if (protocol === 'https:' && isRegistryOf(cloud, host)) return
  const message = `is for registries of that cloud alone, over https (${CLOUD_REGISTRIES[cloud]}), and this is ${protocol}//${host}`
  yield { path: [...path, 'cloud'], message }
}

/** A mirror knows its clients, where what it fetches is not for everybody. */
export function* checkClients(draft: Draft): Iterable<Remark> {
  const { clients, delivery } = draft
  // A faulty value is not known to be either.
  if ('delivery' in draft && delivery === undefined) return
  if (delivery !== 'relay') {
    for (const key of ['htpasswd', 'public'] as const) {
      if (clients === undefined || !(key in clients)) continue
      const message =
        'is for a mirror alone: it needs delivery: relay; a door that redirects lets everybody in'
      yield { path: ['clients', key], message, key: true }
    }
    return
  }
  if (clients !== undefined && 'public' in clients && 'registries' in draft) {
    yield {
      path: ['clients', 'public'],
      message: 'stands at each of registries where there are some',
      key: true,
    }
    return
  }
  const knowsClients =
    (clients !== undefined && 'htpasswd' in clients) || (draft.tls !== undefined && 'clientCA' in draft.tls)
  if (knowsClients) return
  for (const [index, upstream] of (draft.upstreams ?? []).entries()) {
    if (upstream?.credentials === undefined) continue
    const at = whereItIsPublic(draft, upstream)
    if (at === undefined) continue
    const message = `would let everybody read what this login may: set clients.htpasswd or tls.clientCA to know clients, or say "public: true" at ${at} to allow it`
    yield { path: ['upstreams', index, 'credentials'], message, key: true }
  }
}

/** Where `public` would have to stand for an upstream; `undefined` where it does, or where that is not known. */
function whereItIsPublic({ clients, registries }: Draft, { id }: DraftUpstream): string | undefined {
  if (registries === undefined) return mayBePublic(clients) ? undefined : 'clients'
  const index = registries.findIndex((registry) => registry?.upstreams?.includes(id))
  const registry = registries[index]
  if (id === undefined || registry === undefined || mayBePublic(registry)) return undefined
  return formatConfigPath(['registries', index])
}

/** Also where the value is faulty. */
function mayBePublic(where: { readonly public?: unknown } | undefined): boolean {
  return (
    where !== undefined &&
    'public' in where &&
    (where.public === undefined || readFlag(where.public) === true)
  )
}

/**
 * Finds a variable's value where its name belongs: read before variables are replaced, since what then stands there, and
 * is printed with the config, would be the password.
 */
export function* checkVariableNames(document: unknown): Iterable<Remark> {
  const { upstreams } = (document ?? {}) as { readonly upstreams?: unknown }
  if (!Array.isArray(upstreams)) return
  for (const [index, upstream] of upstreams.entries()) {
    const logins = [
      [['credentials'], upstream?.credentials],
      [['fill', 'registry', 'credentials'], upstream?.fill?.registry?.credentials],
    ] as const
    for (const [steps, login] of logins) {
      const name: unknown = login?.passwordVariable
      if (typeof name !== 'string' || !/\$\{/.test(name)) continue
      const message = 'is the name of the variable itself, without a dollar sign: a config holds no password'
      yield { path: ['upstreams', index, ...steps, 'passwordVariable'], message }
    }
  }
}
