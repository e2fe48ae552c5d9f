import { GenerationalCache } from '../internal/generational-cache.ts'
import { parseAddress } from '../net/address.ts'
import { type HostZone, zoneOfAddress, zoneOfHost } from '../net/host-zone.ts'
import type { Runtime } from '../runtime.ts'

/** The part of a runtime that judges where an address leads. */
export type AddressGuardRuntime = Pick<Runtime, 'now' | 'lookup'>

/** Judges whether a server may send us to another one. */
export interface AddressGuard {
  /**
   * Says why we do not go there, in words that follow "a redirect"; `undefined` when we do. `from` is the server that
   * the operator named, `to` is where it, or one that it led to, sends us.
   */
  refuses(from: URL, to: URL): Promise<string | undefined>
}

/** How long an answer of the name service is gone by, in milliseconds: a download is many requests to few hosts. */
const REMEMBERED = 30_000
const REMEMBERED_MAX = 1000

/** Where a server in a zone may send us: who runs it may know what else is there, and nobody else may. */
const WITHIN: Readonly<Record<HostZone, readonly HostZone[]>> = {
  public: ['public'],
  private: ['public', 'private'],
  'link-local': ['public', 'link-local'],
  loopback: ['public', 'private', 'loopback'],
}

/**
 * Judges by literal addresses and by names that nobody can register, and by what other names resolve to where the
 * runtime resolves. Whoever is asked later resolves a name anew, so a name service that changes its answer between two
 * questions is not caught; a firewall is what holds against that.
 */
export function createAddressGuard({ now, lookup }: AddressGuardRuntime): AddressGuard {
  const remembered = new GenerationalCache<string, { readonly zones: readonly HostZone[]; until: number }>(
    REMEMBERED_MAX,
  )
  const zonesOf = async ({ hostname }: URL): Promise<readonly HostZone[]> => {
    const shown = zoneOfHost(hostname)
    if (shown !== 'public' || lookup === undefined || isLiteral(hostname)) return [shown]
    const known = remembered.get(hostname)
    if (known !== undefined && known.until > now()) return known.zones
    // What has no address now is not reached either; the request that follows says so in its own words.
    const addresses = await lookup(hostname).catch((): readonly string[] => [])
    const zones = [...new Set(addresses.flatMap((text) => zoneOf(text)))]
    remembered.set(hostname, { zones, until: now() + REMEMBERED })
    return zones
  }
  return {
    async refuses(from, to) {
      if (to.hostname === from.hostname) return undefined
      const zones = (await zonesOf(to)).filter((zone) => zone !== 'public')
      if (zones.length === 0) return undefined
      const allowed = (await zonesOf(from)).flatMap((zone) => WITHIN[zone])
      const wrong = zones.find((zone) => !allowed.includes(zone))
      if (wrong === undefined) return undefined
      return `to ${to.host}, a ${wrong} address, which ${from.host} is not`
    },
  }
}

function zoneOf(text: string): HostZone[] {
  const address = parseAddress(text)
  return address === undefined ? [] : [zoneOfAddress(address)]
}

function isLiteral(hostname: string): boolean {
  return parseAddress(hostname.replace(/^\[|\]$/g, '')) !== undefined
}
