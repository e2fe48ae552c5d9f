import { expect, it } from 'vitest'
import { createTestClock } from '../../../test/support/test-clock.ts'
import type { Sockets } from '../../runtime.ts'
import type { NetworkRuntime } from './in-time.ts'
import { askNameServers, causeOf, noAddress, rememberNames, sayNameServers } from './name-servers.ts'

/** What each name server of a machine does when it is asked: addresses, or the code of an error. */
function runtimeWith(servers: Readonly<Record<string, readonly string[] | string>>) {
  const asked: string[] = []
  const sockets: Pick<Sockets, 'nameServers' | 'askNameServer'> = {
    nameServers: () => Object.keys(servers),
    async askNameServer(server, name, family) {
      asked.push(`${server} ${name} ${family}`)
      const answer = servers[server]!
      if (typeof answer === 'string') throw Object.assign(new Error(answer), { code: answer })
      return answer.filter((address) => address.includes(':') === (family === 6))
    },
  }
  return { asked, runtime: { ...createTestClock(), sockets } as unknown as NetworkRuntime }
}

const ask = async (servers: Parameters<typeof runtimeWith>[0]) =>
  askNameServers('a.test', [4, 6], 1000, runtimeWith(servers).runtime)

it.each([
  ['ENOTFOUND', 'no such name', 'dns'],
  ['ENODATA', 'no address', 'dns'],
  ['ESERVFAIL', 'server failure', 'dns-server-failure'],
  ['EFORMERR', 'no sense', 'dns-server-failure'],
  ['EREFUSED', 'refused', 'dns-refused'],
  ['ENOTIMP', 'refused', 'dns-refused'],
  ['ETIMEOUT', 'no answer', 'dns-timeout'],
  ['ECONNREFUSED', 'no answer', 'dns-timeout'],
  ['what nobody knows', 'no answer', 'dns-timeout'],
])('%s is %s', async (code, fault, cause) => {
  const said = await ask({ '192.0.2.1': code })
  expect(said).toEqual([{ server: '192.0.2.1', addresses: [], fault }])
  expect(causeOf(said)).toBe(cause)
  expect(sayNameServers(said)).toMatch(/^name server 192\.0\.2\.1 [a-z]/)
})

it.each([
  [{ a: 'ESERVFAIL', b: 'ENOTFOUND' }, 'dns'],
  [{ a: 'ETIMEOUT', b: 'EREFUSED' }, 'dns-refused'],
  [{ a: 'EREFUSED', b: 'ESERVFAIL' }, 'dns-server-failure'],
  [{ a: 'ETIMEOUT', b: ['192.0.2.9'] }, 'dns'],
  [{}, 'dns'],
])('of several, %j, what is known best counts: %s', async (servers, cause) => {
  expect(causeOf(await ask(servers))).toBe(cause)
})

it('asks no more of them than programs do, for both families, and says all addresses', async () => {
  const { runtime, asked } = runtimeWith({ a: ['192.0.2.9', '2001:db8::9'], b: [], c: [], d: [] })
  const said = await askNameServers('a.test', [4, 6], 1000, runtime)
  expect(said.map(({ server }) => server)).toEqual(['a', 'b', 'c'])
  expect(sayNameServers(said.slice(0, 1))).toBe('name server a says 192.0.2.9, 2001:db8::9')
  expect(asked).toHaveLength(6)
})

it('names the family that was asked for alone', () => {
  const nameServers = [{ server: 'a', addresses: [], fault: 'refused' }] as const
  expect(noAddress('a.test', [6], [new Error('getaddrinfo')], { nameServers }).fault).toEqual({
    cause: 'dns-refused',
    detail: 'a.test has no address of IPv6: getaddrinfo; name server a refuses to answer (REFUSED)',
  })
})

it('looks each name up once for each family, be it in vain', async () => {
  let lookups = 0
  const lookup = async () => {
    lookups++
    throw new Error('getaddrinfo')
  }
  const sockets = rememberNames({ lookup } as unknown as Sockets)
  for (const family of [4, 4, 6, 4] as const) await expect(sockets.lookup('a.test', family)).rejects.toThrow()
  expect(lookups).toBe(2)
})
