import { PortolanError } from '../errors.ts'
import type { Source } from '../transfer/source.ts'
import { type AddressGuardRuntime, createAddressGuard } from '../transport/address-guard.ts'
import type { RegistryAddress } from './address.ts'
import type { Asker } from './ask.ts'
import { openBlob } from './blob.ts'

/**
 * Content at an address that a manifest names. Whoever wrote the manifest must not lead us to where only we can go, so
 * that it is followed only where a redirect of the registry's would be.
 */
export function openElsewhere(
  runtime: AddressGuardRuntime,
  asker: Asker,
  registry: RegistryAddress,
  url: string,
): Source {
  const guard = createAddressGuard(runtime)
  const to = URL.parse(url)
  const location = to === null ? JSON.stringify(url.slice(0, 128)) : `${to.origin}${to.pathname}`
  const refused = (why: string) =>
    new PortolanError(
      'CONTENT_INVALID',
      `a manifest of ${new URL(registry.url).host} names ${location}, ${why}`,
    )
  return {
    location,
    async open(start, signal) {
      if (to === null || !['https:', 'http:'].includes(to.protocol))
        throw refused('which is no address of the web')
      if (to.username !== '' || to.password !== '') throw refused('with a user name or password')
      const why = await guard.refuses(new URL(registry.url), to)
      if (why !== undefined) throw refused(`and leads ${why}`)
      const question = { url: to.href, what: `the foreign layer ${location}`, facts: {}, signal }
      return openBlob(asker, question, { start })
    },
  }
}
