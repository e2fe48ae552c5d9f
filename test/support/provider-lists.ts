import type { Provider } from '../../src/clouds/provider.ts'
import { aws } from '../../src/clouds/providers/aws.ts'
import { azure } from '../../src/clouds/providers/azure.ts'
import { cloudflare } from '../../src/clouds/providers/cloudflare.ts'
import { digitalocean } from '../../src/clouds/providers/digitalocean.ts'
import { fastly } from '../../src/clouds/providers/fastly.ts'
import { gcp } from '../../src/clouds/providers/gcp.ts'
import { github } from '../../src/clouds/providers/github.ts'
import { linode } from '../../src/clouds/providers/linode.ts'
import { oracle } from '../../src/clouds/providers/oracle.ts'
import { vultr } from '../../src/clouds/providers/vultr.ts'

/** A provider's format: how it would write a list of these prefixes, and the place that it then gives all of them. */
export interface ListFormat {
  readonly provider: Provider
  readonly place: string
  /** The date that the list states, for a format that has one. */
  readonly date?: string
  readonly write: (prefixes: readonly string[]) => string
  /** The path of the IPv4 prefix at an index. */
  readonly path: (index: number) => string
}

const is6 = (prefix: string) => prefix.includes(':')
const is4 = (prefix: string) => !is6(prefix)
const aGeofeed = {
  write: (all: readonly string[]) => all.map((prefix) => `${prefix},DE,DE-HE,Frankfurt,\n`).join(''),
  path: (index: number) => `line ${index + 1}`,
}

export const listFormats: readonly ListFormat[] = [
  {
    provider: aws,
    place: 'aws/eu-west-3',
    date: '2026-07-29-08-27-05',
    write: (all) => {
      const where = { region: 'eu-west-3', service: 'EC2', network_border_group: 'eu-west-3' }
      return JSON.stringify({
        syncToken: '1',
        createDate: '2026-07-29-08-27-05',
        prefixes: all.filter(is4).map((ip_prefix) => ({ ip_prefix, ...where })),
        ipv6_prefixes: all.filter(is6).map((ipv6_prefix) => ({ ipv6_prefix, ...where })),
      })
    },
    path: (index) => `$.prefixes[${index}].ip_prefix`,
  },
  {
    provider: gcp,
    place: 'gcp/europe-west9',
    date: '2026-07-29T07:05:53.849365',
    write: (all) => {
      const where = { service: 'Google Cloud', scope: 'europe-west9' }
      return JSON.stringify({
        creationTime: '2026-07-29T07:05:53.849365',
        prefixes: all.map((prefix) =>
          is6(prefix) ? { ipv6Prefix: prefix, ...where } : { ipv4Prefix: prefix, ...where },
        ),
      })
    },
    path: (index) => `$.prefixes[${index}].ipv4Prefix`,
  },
  {
    provider: azure,
    place: 'azure/francecentral',
    write: (addressPrefixes) =>
      JSON.stringify({
        changeNumber: 7,
        cloud: 'Public',
        values: [
          { name: 'AzureCloud.francecentral', properties: { region: 'francecentral', addressPrefixes } },
        ],
      }),
    path: (index) => `$.values[0].properties.addressPrefixes[${index}]`,
  },
  {
    provider: oracle,
    place: 'oracle/eu-paris-1',
    date: '2026-07-01T00:00:00.000000',
    write: (all) =>
      JSON.stringify({
        last_updated_timestamp: '2026-07-01T00:00:00.000000',
        regions: [{ region: 'eu-paris-1', cidrs: all.map((cidr) => ({ cidr, tags: ['OCI'] })) }],
      }),
    path: (index) => `$.regions[0].cidrs[${index}].cidr`,
  },
  { provider: digitalocean, place: 'digitalocean/de', ...aGeofeed },
  { provider: linode, place: 'linode/de', ...aGeofeed },
  { provider: vultr, place: 'vultr/de', ...aGeofeed },
  {
    provider: cloudflare,
    place: 'cloudflare',
    write: (all) =>
      JSON.stringify({
        success: true,
        errors: [],
        result: { etag: 'x', ipv4_cidrs: all.filter(is4), ipv6_cidrs: all.filter(is6) },
      }),
    path: (index) => `$.result.ipv4_cidrs[${index}]`,
  },
  {
    provider: fastly,
    place: 'fastly',
    write: (all) => JSON.stringify({ addresses: all.filter(is4), ipv6_addresses: all.filter(is6) }),
    path: (index) => `$.addresses[${index}]`,
  },
  {
    provider: github,
    place: 'github',
    write: (actions) =>
      JSON.stringify({ verifiable_password_authentication: false, actions, domains: { website: [] } }),
    path: (index) => `$.actions[${index}]`,
  },
]

/** Public prefixes, one of them of IPv6: as many as a provider's list must have to be taken for whole. */
export function enoughPrefixes({ minPrefixes }: Provider): string[] {
  return [
    '2a00:1000::/32',
    ...Array.from({ length: minPrefixes - 1 }, (_, at) => `5.${at >>> 8}.${at & 255}.0/24`),
  ]
}

export function toBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
