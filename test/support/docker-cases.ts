import { cut, limited, other, page } from './pull-faults.ts'
import type { Instead, PullWorldOptions } from './pull-world.ts'

/** Where everything of a case is, in a network of its own: dockerd asks for no certificate on loopback. */
export const ADDRESS = '192.0.2.1'

/** What dockerd is told, and what is wrong. */
export interface DockerCase {
  readonly name: string
  /** What doctor has to call it; absent where the pull works. */
  readonly cause?: string
  /** What doctor warns of where the pull works, as it goes on elsewhere. */
  readonly warns?: string
  /** `HOST/app:1` of the world by default. */
  readonly image?: (host: string) => string
  /** daemon.json, by the world's `HOST:PORT`. */
  readonly daemon?: (host: string) => object
  readonly world?: Pick<PullWorldOptions, 'repository' | 'token'>
  /** The world has TLS, by an authority that nobody knows, and that is told to dockerd where. */
  readonly tls?: 'unknown' | 'certs.d' | 'of the machine' | 'since the start' | 'certs.d since the start'
  /** What dockerd is started with, by the URL of a proxy that lets nothing through. */
  readonly env?: (proxy: string) => Readonly<Record<string, string>>
  /** What hosts of the world do instead. */
  readonly instead?: Readonly<Record<string, Instead>>
  /** A host of the world that is down. */
  readonly down?: string
}

const insecure = (host: string) => ({ 'insecure-registries': [host] })
const NAMED = (host: string) => `registry.test:${host.split(':')[1]}/app:1`
const namedInsecure = (host: string) => ({ 'insecure-registries': [`registry.test:${host.split(':')[1]}`] })
const behind = (none: string) => (proxy: string) => ({
  HTTP_PROXY: proxy,
  HTTPS_PROXY: proxy,
  NO_PROXY: none,
})

export const DOCKER_CASES: readonly DockerCase[] = [
  { name: 'a registry without TLS is not named in insecure-registries', cause: 'plain-http' },
  { name: 'a registry without TLS is named in insecure-registries', daemon: insecure },
  { name: 'its network is named there', daemon: () => insecure('192.0.2.0/24') },
  { name: 'it is named there without its port', daemon: () => insecure(ADDRESS), cause: 'plain-http' },
  { name: 'it is named there with a scheme', daemon: (host) => insecure(`http://${host}`) },
  { name: 'a token is asked for', daemon: insecure, world: { token: 'a-token-of-some-length' } },
  { name: 'nobody knows the authority of its certificate', tls: 'unknown', cause: 'tls-unknown-authority' },
  { name: 'certs.d names its authority', tls: 'certs.d' },
  { name: 'its authority is one of the machine', tls: 'of the machine' },
  { name: 'its authority was installed since the start', tls: 'since the start', cause: 'restart-needed' },
  { name: 'certs.d names its authority since the start', tls: 'certs.d since the start' },
  { name: 'any certificate will do', tls: 'unknown', daemon: insecure },
  { name: 'a host of blobs is down', daemon: insecure, down: 'blobs-3.test', cause: 'refused' },
  {
    name: 'the registry shows a page',
    daemon: insecure,
    instead: { 'registry.test': page },
    cause: 'html-instead-of-json',
  },
  {
    name: 'the registry has had enough',
    daemon: insecure,
    instead: { 'registry.test': limited },
    cause: 'rate-limited',
  },
  { name: 'a blob is cut off', daemon: insecure, instead: { 'blobs-3.test': cut }, cause: 'truncated' },
  { name: 'a blob is another', daemon: insecure, instead: { 'blobs-3.test': other }, cause: 'wrong-digest' },
  {
    name: 'a mirror has the image of Docker Hub, which cannot be reached',
    warns: 'dns-timeout',
    world: { repository: 'library/app' },
    image: () => 'app:1',
    daemon: (host) => ({ 'registry-mirrors': [`http://${host}`] }),
  },
  {
    name: 'a mirror does not have the image of Docker Hub, which cannot be reached',
    image: () => 'app:1',
    daemon: (host) => ({ 'registry-mirrors': [`http://${host}`] }),
    cause: 'manifest-unknown',
  },
  {
    name: 'a mirror of Docker Hub is not asked for other registries',
    image: () => 'other.test/app:1',
    daemon: (host) => ({ 'registry-mirrors': [`http://${host}`] }),
    cause: 'dns-timeout',
  },
  {
    name: 'a proxy lets nothing through',
    image: NAMED,
    daemon: namedInsecure,
    env: behind(''),
    cause: 'proxy-denied',
  },
  {
    name: 'NO_PROXY names the registry',
    image: NAMED,
    daemon: namedInsecure,
    env: behind(`registry.test,${ADDRESS}`),
  },
  {
    name: 'NO_PROXY names what is below the registry',
    image: NAMED,
    daemon: namedInsecure,
    env: behind(`.registry.test,${ADDRESS}`),
    cause: 'proxy-denied',
  },
  {
    name: 'NO_PROXY names the network of a registry that is asked by its name',
    image: NAMED,
    daemon: namedInsecure,
    env: behind('192.0.2.0/24'),
    cause: 'proxy-denied',
  },
  {
    name: 'the variables in capitals let it through, and the others do not',
    image: NAMED,
    daemon: namedInsecure,
    env: (proxy) => ({ ...behind(`registry.test,${ADDRESS}`)(proxy), no_proxy: 'nothing.example' }),
  },
  {
    name: 'there is a proxy for all, which Go does not know',
    image: NAMED,
    daemon: namedInsecure,
    env: (proxy) => ({ ALL_PROXY: proxy }),
  },
]
