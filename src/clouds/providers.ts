import type { Provider } from './provider.ts'
import { aws } from './providers/aws.ts'
import { azure } from './providers/azure.ts'
import { cloudflare } from './providers/cloudflare.ts'
import { digitalocean } from './providers/digitalocean.ts'
import { fastly } from './providers/fastly.ts'
import { gcp } from './providers/gcp.ts'
import { github } from './providers/github.ts'
import { linode } from './providers/linode.ts'
import { oracle } from './providers/oracle.ts'
import { vultr } from './providers/vultr.ts'

/** Every provider that is known; where two list the same address, the earlier one is right about it. */
export const providers: readonly Provider[] = [
  aws,
  gcp,
  azure,
  oracle,
  digitalocean,
  linode,
  vultr,
  cloudflare,
  fastly,
  github,
]

/**
 * The providers whose lists are wanted. `sources` names for some of them, by id, the list's address at a mirror, or
 * `off` to leave the provider out.
 */
export function chooseProviders(sources: Readonly<Record<string, string>>): Provider[] {
  return providers
    .filter(({ id }) => sources[id] !== 'off')
    .map((provider) => {
      const url = sources[provider.id]
      if (url === undefined) return provider
      const { locate, ...rest } = provider
      return { ...rest, url }
    })
}
