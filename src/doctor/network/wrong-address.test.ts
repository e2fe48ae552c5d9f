import { describe, expect, it } from 'vitest'
import { makePrivateAuthority, noPrivateAuthority } from '../../../test/support/private-authority.ts'
import { startPullWorld } from '../../../test/support/pull-world.ts'
import { systemClock } from '../../adapters/clock.ts'
import { createHash } from '../../adapters/hash.ts'
import { nodeSockets } from '../../adapters/node/sockets.ts'
import { readProxies } from '../../net/proxies.ts'
import type { Sockets } from '../../runtime.ts'
import type { Exchange, Fault } from './facts.ts'
import type { NetworkView } from './view.ts'
import { blameAddress } from './wrong-address.ts'

const REFUSED = { cause: 'refused', detail: 'connect ECONNREFUSED' } as const

interface Machine {
  /** What the system makes of the name. */
  readonly used: string
  /** What its one name server says. */
  readonly said?: string
  readonly hostsLine?: string
  readonly authorities?: readonly string[]
  readonly proxy?: string
}

/** What is told of a fault that was met at the address that the system has for a name. */
async function blamed(
  url: string,
  fault: Fault,
  { used, said, hostsLine, authorities = [], proxy }: Machine,
) {
  const sockets: Sockets = {
    ...nodeSockets,
    nameServers: () => (said === undefined ? [] : ['192.0.2.53']),
    askNameServer: async (_, __, family) => (family === 4 && said !== undefined ? [said] : []),
    hostsLine: () => hostsLine,
  }
  const { hostname } = new URL(url)
  const exchange: Exchange = {
    ...{ what: 'tag 1', url, host: hostname, port: 443, tries: [], addresses: { ipv4: [used], ipv6: [] } },
    ...(proxy !== undefined && { proxy }),
  }
  const view: NetworkView = { proxies: readProxies({}), authorities, publicAuthorities: [], timeout: 1000 }
  const runtime = { ...systemClock, createHash, userAgent: 'portolan/test', background() {}, sockets }
  return (await blameAddress(new URL(url), fault, view, runtime, exchange)).fault
}

describe.skipIf(noPrivateAuthority)(`where TLS is as it should be ${noPrivateAuthority ?? ''}`, () => {
  it('at an address that a name server has, the one of this machine is wrong', async () => {
    await using authority = await makePrivateAuthority(['registry.test'])
    await using world = await startPullWorld({ certificate: authority })
    const url = `https://registry.test:${world.ports.get('registry.test')}/v2/`
    const machine = { used: '127.0.0.9', said: '127.0.0.1' }
    const wrong = await blamed(url, REFUSED, { ...machine, authorities: [authority.issuer] })
    expect(wrong).toEqual({
      cause: 'dns-wrong-address',
      detail:
        'registry.test is looked up as 127.0.0.9: name server 192.0.2.53 says 127.0.0.1; and it shows its certificate at 127.0.0.1, which name server 192.0.2.53 says; there: connect ECONNREFUSED',
    })
    // Without that proof, or where the fault is another, nothing is known.
    const silent = { cause: 'timeout', detail: 'no answer' } as const
    expect(await blamed(url, silent, machine)).toEqual(silent)
    const same = { used: '127.0.0.1', said: '127.0.0.1', authorities: [authority.issuer] }
    expect(await blamed(url, silent, same)).toEqual(silent)
    const limited = { cause: 'rate-limited', detail: '429' } as const
    expect(await blamed(url, limited, { ...machine, authorities: [authority.issuer] })).toEqual(limited)
  })
})

const URL_ = 'https://registry.example/v2/'

it.each([
  ['an address that nobody has', URL_, { used: '0.0.0.0', said: '0.0.0.0' }, 'dns-wrong-address'],
  ['this machine itself', URL_, { used: '127.0.0.1', said: '127.0.0.1' }, 'dns-wrong-address'],
  [
    'a line of the file of hosts',
    URL_,
    { used: '127.0.0.1', said: '127.0.0.1', hostsLine: '/etc/hosts:2' },
    'refused',
  ],
  [
    'a name of this machine',
    'https://registry.localhost/v2/',
    { used: '127.0.0.1', said: '127.0.0.1' },
    'refused',
  ],
  ['an address of elsewhere', URL_, { used: '192.0.2.1', said: '192.0.2.1' }, 'refused'],
  ['no name', 'https://127.0.0.1/v2/', { used: '127.0.0.1', said: '127.0.0.1' }, 'refused'],
  ['the address of a proxy', URL_, { used: '127.0.0.1', said: '127.0.0.1', proxy: '127.0.0.1:1' }, 'refused'],
] as const)('judges a host that refuses by where its name leads: %s', async (_, url, machine, cause) => {
  const fault = await blamed(url, REFUSED, machine)
  expect(fault.cause).toBe(cause)
  if ('hostsLine' in machine) expect(fault.detail).toContain('; /etc/hosts:2 says that it is there')
})
