import data from '../../data/token-services.json' with { type: 'json' }

/** Whose token service is whose: what comes with Portolan, of registries that many log in to. */
const SHIPPED: readonly { readonly registries: readonly string[]; readonly host: string }[] = data.services

/**
 * Whether a credential for a registry may go to a server that the registry names for tokens: one on the same host, one
 * that comes with Portolan or that the operator `named` for it, or one in the same registrable domain, which is one
 * label more than what the Public Suffix List knows (https://publicsuffix.org, private domains included).
 */
export async function isTokenServiceOf(
  registry: URL,
  service: URL,
  named: readonly string[] = [],
): Promise<boolean> {
  const [own, other] = [registry.hostname, service.hostname]
  if (own === other || named.includes(other)) return true
  if (SHIPPED.some(({ registries, host }) => host === other && registries.includes(own))) return true
  // Only here, since the list is long and most registries give tokens themselves.
  const { getDomain } = await import('tldts')
  const domain = getDomain(own, { allowPrivateDomains: true, validateHostname: false })
  return (
    domain !== null && domain === getDomain(other, { allowPrivateDomains: true, validateHostname: false })
  )
}
