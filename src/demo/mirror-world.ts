/** The registry that the demo's mirror is one of, as references name it. */
export const DEMO_REGISTRY = 'harbour.example'

/** The config of the demo's mirror, as an operator would write it. */
export function demoMirrorConfig(options: {
  /** Where the registry listens that can be unplugged. */
  readonly upstream: string
  /** Of what is kept. */
  readonly folder: string
  readonly port: number
  readonly adminPort: number
}): string {
  return `# The mirror of "portolan demo --mirror". Its registry lives on a port that is new at every start.
version: 1
delivery: relay
listen: 127.0.0.1:${options.port}
admin: 127.0.0.1:${options.adminPort}
log: { access: false, level: warn }

cache: { folder: ${JSON.stringify(options.folder)}, size: 1GiB }

registries:
  - { host: ${DEMO_REGISTRY}, upstreams: [harbour] }
upstreams:
  - { id: harbour, url: "${options.upstream}", at: anycast }

# A tag is asked about each time, so that it shows at once who answers; the default is 5m.
revalidate: { after: 0ms }
# Quick to see that the registry is gone, for the sake of those who watch; the defaults are 10s and 3.
health: { interval: 1s, failures: 2 }
`
}
