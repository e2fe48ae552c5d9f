import { formatPath, type OciRequest } from '../oci/path.ts'
import type { RegistryQuestion } from './question.ts'

/** Where a registry is, and which of its repositories are meant. */
export interface RegistryAddress {
  /** Origin and optional path, without a slash at the end. */
  readonly url: string
  /** Before every repository name, without slashes at the ends; empty for none. */
  readonly prefix: string
}

/** What is asked of a registry. */
export type AskedFor = Exclude<OciRequest, { kind: 'base' }>

/** How to name a registry to people, such as `registry.test/images`. */
export function locationOf({ url, prefix }: RegistryAddress): string {
  const { host, pathname } = new URL(url)
  return [host, pathname.replace(/^\/|\/$/g, ''), prefix].filter((part) => part !== '').join('/')
}

/** The request at the registry, and what an error calls it. */
export function questionOf(address: RegistryAddress, request: AskedFor): RegistryQuestion {
  const registry = locationOf(address)
  const url = address.url + formatPath(request, address.prefix)
  switch (request.kind) {
    case 'catalog':
      return { url, what: `the catalog of ${registry}`, facts: { registry } }
    case 'tags':
      return {
        url,
        what: `the tags of ${registry}/${request.name}`,
        facts: { registry, repository: request.name },
      }
    case 'manifest': {
      const { name, reference, byDigest } = request
      return {
        url,
        what: `the manifest ${registry}/${name}${byDigest ? '@' : ':'}${reference}`,
        facts: { registry, repository: name, reference },
      }
    }
    case 'blob':
    case 'referrers': {
      const { name, digest } = request
      return {
        url,
        what: `the ${request.kind === 'blob' ? 'blob' : 'referrers of'} ${registry}/${name}@${digest}`,
        facts: { registry, repository: name, reference: digest },
      }
    }
  }
}
