import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Listener } from '../adapters/listener.ts'

/** Somewhere in the demo's world: a place, an address that is really there, and what stands for it on loopback. */
export interface DemoRegion {
  readonly at: string
  readonly city: string
  /** An address of the provider's published range of that region. */
  readonly client: string
  readonly prefix: string
}

/** Where the demo's stores are, and where its clients come from. */
export const DEMO_REGIONS: readonly DemoRegion[] = [
  { at: 'aws/eu-west-3', city: 'Paris', client: '35.180.1.1', prefix: '35.180.0.0/16' },
  { at: 'aws/us-east-1', city: 'Virginia', client: '54.144.0.1', prefix: '54.144.0.0/14' },
  { at: 'azure/westeurope', city: 'Amsterdam', client: '52.174.0.1', prefix: '52.174.0.0/16' },
]

/** Where the sample images are kept between runs. */
export function demoFolder(environment: Readonly<Record<string, string | undefined>>): string {
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'portolan', 'demo')
}

/** The config of the demo's door, as an operator would write it. */
export function demoConfig(options: {
  readonly layout: string
  /** Where the upstream that can be killed listens. */
  readonly pier: string
  readonly stores: readonly Listener[]
  readonly port: number
  readonly adminPort: number
}): string {
  const stores = options.stores.map(
    ({ host, port }, index) =>
      `  - { id: ${storeId(DEMO_REGIONS[index]!)}, url: "http://${host}:${port}", ` +
      `blobs: "blobs/{algorithm}/{encoded}", at: ${DEMO_REGIONS[index]!.at} }`,
  )
  return `# The world of "portolan demo". Its stores and one upstream live on ports that are new at every start.
version: 1
listen: 127.0.0.1:${options.port}
admin: 127.0.0.1:${options.adminPort}
log: { access: false, level: warn }

upstreams:
  - { id: harbour, layout: ${JSON.stringify(options.layout)}, at: gcp/us-central1, canonical: true }
  - { id: pier, url: "${options.pier}", at: gcp/europe-west1 }

stores:
${stores.join('\n')}

# No routing rules: the client's own cloud first, then the nearest.

clients:
  trustedProxies: [127.0.0.0/8]   # so that a curl from here may say where it comes from

# Quick to see that a backend is gone, for the sake of those who watch; the defaults are 10s and 3.
health: { interval: 1s, failures: 2 }

clouds:
  places:
    - { prefix: 127.0.0.0/8, at: aws/eu-west-3 }   # what is pulled from this machine is pulled from Paris
${DEMO_REGIONS.map(({ prefix, at }) => `    - { prefix: ${prefix}, at: ${at} }`).join('\n')}
`
}

export function storeId({ at }: DemoRegion): string {
  return at.replace('/', '-')
}
