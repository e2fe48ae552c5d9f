import { chooseProviders } from '../clouds/providers.ts'
import type { Config, FillConfig, StoreConfig, UpstreamConfig } from '../config/config.ts'
import type { LegacyConfig } from '../config/legacy-config.ts'

/** Who opens connections to a host: those that pull, the door, `portolan sync` and `audit`, or people. */
export type Caller = 'clients' | 'door' | 'sync' | 'people'

/** One reason why a network has to let connections to a host through. */
export interface Need {
  readonly host: string
  /** `null` for a listener that takes a free one, another at each start. */
  readonly port: number | null
  readonly from: readonly Caller[]
  /** In words, such as `upstream main: tags, manifests and blobs`. */
  readonly why: string
}

/** A host and port with all that it is needed for. */
export interface NeededHost {
  readonly host: string
  readonly port: Need['port']
  readonly from: readonly Caller[]
  readonly why: readonly string[]
}

/**
 * What a network has to allow for a config, by what it says itself and by what its upstreams were found to lead to. Pure.
 * Clients of a mirror are sent nowhere: it fetches for them.
 */
export function allNeeds(config: Config, found: readonly Need[]): NeededHost[] {
  const [door, ...needs] = [...needsOf(config), ...found]
  return joinNeeds([door!, ...(config.delivery === 'relay' ? needs.map(fetchedByMirror) : needs)])
}

function fetchedByMirror(need: Need): Need {
  if (!need.from.includes('clients')) return need
  const others = need.from.filter((caller) => !['clients', 'door', 'sync'].includes(caller))
  return { ...need, from: ['door', ...others] }
}

/** What a config alone says of the network that it needs; the door itself comes first. */
function needsOf(config: Config): Need[] {
  const { listen, admin, upstreams, stores, pages, legacy, clouds, sync } = config
  return [
    {
      ...ofListener(listen),
      from: ['clients'],
      why: config.delivery === 'relay' ? 'the mirror' : 'the door',
    },
    ...(admin
      ? [{ ...ofListener(admin), from: ['people' as const], why: 'the admin service, never public' }]
      : []),
    ...upstreams.flatMap((upstream) => ofUpstream(upstream, sync?.from === upstream.id)),
    ...stores.flatMap(ofStore),
    ...Object.entries(pages).flatMap(([page, url]) => [need(url, ['people'], `the page ${page}`)]),
    ...(legacy === undefined ? [] : ofLegacy(legacy)),
    ...(clouds.refresh === undefined
      ? []
      : chooseProviders(clouds.sources).map(({ url, title }) =>
          need(url, ['door'], `the address ranges of ${title}`),
        )),
  ]
}

/** Joins the needs of each host and port, in the order in which they come. */
export function joinNeeds(needs: readonly Need[]): NeededHost[] {
  const hosts = new Map<string, Pick<Need, 'host' | 'port'> & { from: Set<Caller>; why: Set<string> }>()
  for (const { host, port, from, why } of needs) {
    // Two free ports are not one.
    const key = port === null ? `${host} ${why}` : `${host} ${port}`
    const known = hosts.get(key) ?? { host, port, from: new Set(), why: new Set() }
    for (const caller of from) known.from.add(caller)
    known.why.add(why)
    hosts.set(key, known)
  }
  return [...hosts.values()].map(({ from, why, ...at }) => ({ ...at, from: [...from], why: [...why] }))
}

/** A need for the host of a URL. */
export function need(url: string, from: readonly Caller[], why: string): Need {
  const { hostname, port, protocol } = new URL(url)
  return { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80), from, why }
}

function ofListener({ host, port }: Config['listen']): Pick<Need, 'host' | 'port'> {
  return { host: host === '' ? '0.0.0.0' : host, port: port === 0 ? null : port }
}

function ofUpstream({ id, url }: UpstreamConfig, isCopied: boolean): Need[] {
  if (url === undefined) return []
  const from: Caller[] = isCopied ? ['clients', 'door', 'sync'] : ['clients', 'door']
  return [need(url, from, `upstream ${id}: tags, manifests and blobs`)]
}

/** Whoever pulls by the old name is to pull by the new one, and is sent there in the end. */
function ofLegacy({ host, successor, info }: LegacyConfig): Need[] {
  return [
    need(successor.url, ['clients'], `the new name of ${host}`),
    ...(info === undefined ? [] : [need(info, ['people'], `the page on the end of ${host}`)]),
  ]
}

function ofStore({ id, url, fill }: StoreConfig): Need[] {
  const read = need(url, ['clients', 'door'], `store ${id}: blobs`)
  return fill === undefined ? [read] : [read, ...ofFill(id, fill)]
}

function ofFill(id: string, fill: FillConfig): Need[] {
  const why = `store ${id} is filled there`
  switch (fill.kind) {
    case 'folder':
      return []
    case 's3': {
      const region = fill.region ?? 'us-east-1'
      return [need(fill.endpoint ?? `https://${fill.bucket}.s3.${region}.amazonaws.com`, ['sync'], why)]
    }
    case 'azureBlob':
      return [need(fill.endpoint ?? `https://${fill.account}.blob.core.windows.net`, ['sync'], why)]
    case 'gcs': {
      const token = `store ${id}: tokens of Google Cloud`
      return [
        need(fill.endpoint ?? 'https://storage.googleapis.com', ['sync'], why),
        ...(fill.endpoint === undefined ? [need('https://oauth2.googleapis.com', ['sync'], token)] : []),
      ]
    }
  }
}
