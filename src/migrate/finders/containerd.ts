import type { Found } from '../found.ts'
import type { TomlContent } from './toml.ts'
import { createTomlFinder } from './toml-finder.ts'
import { isRegistry, readReference, readRegistryUrl } from './written-reference.ts'

/** `certs.d/HOST/hosts.toml`; a folder cannot hold `:`, so containerd takes `HOST_PORT_` for `HOST:PORT` too. */
const HOSTS_FOLDER = /(?:^|\/)certs\.d\/([^/]+)\/hosts\.toml$/

/**
 * Finds references in containerd's `config.toml`: `sandbox_image` (versions 1 and 2), `pinned_images` (version 3), and
 * the deprecated `registry.mirrors` and `registry.configs`; and in a `hosts.toml`, whose folder names a registry too.
 */
export const findInContainerd = createTomlFinder({
  format: 'containerd',
  collect: (path, text, content) =>
    /(?:^|\/)hosts\.toml(?:\.\w+)?$/.test(path)
      ? findInHosts(path, text, content)
      : findInConfig(text, content),
})

function findInConfig(text: string, { keys, strings }: TomlContent): Found[] {
  const found: Found[] = []
  for (const { path, part } of keys) {
    // The keys of `mirrors` and `configs` are hosts and have no path.
    const kind = path.at(-2) ?? ''
    if ((kind !== 'mirrors' && kind !== 'configs') || path.at(-3) !== 'registry') continue
    if (!isRegistry(part.value) || part.value.includes('/')) continue
    const beside = strings.filter((one) => isEndpointOf(one.path, part.value)).map((one) => one.part.value)
    found.push({
      ...{
        format: 'containerd',
        parts: { registry: part },
        owner: `registry.${kind}`,
        confidence: 'certain',
      },
      ...(kind === 'mirrors' && { beside }),
    })
  }
  for (const { path, part } of strings) {
    const key = path.at(-1)
    const isImage = key === 'sandbox_image' || path.at(-2) === 'pinned_images'
    const isEndpoint = isEndpointOf(path, path.at(-2) ?? '')
    if (!isImage && !isEndpoint) continue
    const parts = isImage
      ? readReference(text, part.span, { hostless: true })
      : readRegistryUrl(text, part.span)
    if (parts === undefined) continue
    const owner = isEndpoint
      ? `endpoint of the mirror of ${path.at(-2)}`
      : path.at(-2) === 'pinned_images'
        ? `pinned_images.${key}`
        : 'sandbox_image'
    const beside = isEndpoint ? { beside: [path.at(-2)!] } : {}
    found.push({ format: 'containerd', parts, owner, confidence: 'certain', ...beside })
  }
  return found
}

function isEndpointOf(path: readonly string[], host: string): boolean {
  return path.at(-1) === 'endpoint' && path.at(-2) === host && path.at(-3) === 'mirrors'
}

/** All of a `hosts.toml` is one redirect: from the registry that its folder names, to its hosts. */
function findInHosts(path: string, text: string, { keys, strings }: TomlContent): Found[] {
  const [, folder] = HOSTS_FOLDER.exec(path) ?? []
  const host = folder?.replace(/_([0-9]+)_$/, ':$1')
  const urls = [
    ...keys
      .filter((key) => key.path.length === 2 && key.path[0] === 'host')
      .map(({ part }) => ({ part, owner: 'host' })),
    ...strings
      .filter((string) => string.path.join() === 'server')
      .map(({ part }) => ({ part, owner: 'server' })),
  ]
  // The registry itself is at one end, and all others are at the other. Where no folder says which one it is, such as
  // in a ConfigMap, it is the one that `server` names.
  const hostOf = (url: string) => url.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  const server = urls.find(({ owner }) => owner === 'server')?.part.value
  const itself = isRegistry(host ?? '') || server === undefined ? host : hostOf(server)
  const isSource = (url: string) => hostOf(url) === itself
  const targets = urls.map(({ part }) => part.value).filter((url) => !isSource(url))
  const besideOf = (url: string) => (isSource(url) ? targets : itself === undefined ? [] : [itself])
  const found: Found[] = []
  if (host !== undefined && isRegistry(host)) {
    found.push({
      format: 'containerd',
      parts: { registry: { span: { start: 0, end: 0 }, value: host, escaped: true } },
      owner: `folder ${folder}`,
      confidence: 'certain',
      fixed: 'it is the name of a folder, which no edit of a file changes: rename the folder',
      beside: besideOf(host),
    })
  }
  for (const { part, owner } of urls) {
    const parts = readRegistryUrl(text, part.span)
    if (parts !== undefined)
      found.push({ format: 'containerd', parts, owner, confidence: 'certain', beside: besideOf(part.value) })
  }
  return found
}
