import type { Sockets } from '../../runtime.ts'
import type { CauseId } from '../errors/causes.ts'
import { type Exchange, type Family, type NameServerFacts, PullFault } from './facts.ts'
import { faultOf } from './fault-of.ts'
import { inTime, type NetworkRuntime } from './in-time.ts'

/** So many name servers do programs ask (`MAXNS` of resolv.conf(5)). */
const SERVERS_MAX = 3
/** A name server that is well answers much sooner, in milliseconds. */
const ANSWER_TIME = 3000

type Saying = NonNullable<NameServerFacts['fault']>

/** What c-ares calls the answers of RFC 1035, 4.1.1; what is best known comes first. */
const SAYINGS: Readonly<Record<string, Saying>> = {
  ENOTFOUND: 'no such name',
  ENODATA: 'no address',
  ESERVFAIL: 'server failure',
  EREFUSED: 'refused',
  ENOTIMP: 'refused',
  EFORMERR: 'no sense',
  EBADRESP: 'no sense',
}
const ORDER: readonly Saying[] = [...new Set(Object.values(SAYINGS)), 'no answer']

/** What each says, for people. */
const WORDS: Readonly<Record<Saying, string>> = {
  'no such name': 'says that there is no such name (NXDOMAIN)',
  'no address': 'knows the name, and no address of it',
  'server failure': 'failed itself (SERVFAIL)',
  refused: 'refuses to answer (REFUSED)',
  'no sense': 'answers what makes no sense',
  'no answer': 'does not answer',
}

/** The same, asking for each name once: where a name server does not answer, every lookup has to wait for it. */
export function rememberNames(sockets: Sockets): Sockets {
  const known = new Map<string, Promise<readonly string[]>>()
  const remember = (key: string, ask: () => Promise<readonly string[]>) => {
    const asked = known.get(key) ?? ask()
    known.set(key, asked)
    return asked
  }
  return {
    ...sockets,
    lookup: (name, family) => remember(`${family} ${name}`, () => sockets.lookup(name, family)),
    askNameServer: (server, name, family, time) =>
      remember(`${family} ${name} ${server}`, () => sockets.askNameServer(server, name, family, time)),
  }
}

/** Asks each name server of this machine by itself what it says of a name; never rejects. */
export async function askNameServers(
  host: string,
  families: readonly Family[],
  timeout: number,
  runtime: NetworkRuntime,
): Promise<NameServerFacts[]> {
  const { nameServers, askNameServer } = runtime.sockets
  const time = Math.min(timeout, ANSWER_TIME)
  return Promise.all(
    nameServers()
      .slice(0, SERVERS_MAX)
      .map(async (server) => {
        const faults: Saying[] = []
        const addresses = await Promise.all(
          families.map((family) =>
            inTime(runtime, time, () => askNameServer(server, host, family, time)).catch((error) => {
              faults.push(SAYINGS[(error as NodeJS.ErrnoException).code ?? ''] ?? 'no answer')
              return []
            }),
          ),
        )
        const known = addresses.flat()
        const fault = ORDER.find((one) => faults.includes(one))
        return { server, addresses: known, ...(known.length === 0 && fault !== undefined && { fault }) }
      }),
  )
}

/** In words, what name servers say. */
export function sayNameServers(asked: readonly NameServerFacts[]): string {
  return asked
    .map(({ server, addresses, fault }) => {
      const says = fault === undefined ? `says ${addresses.join(', ')}` : WORDS[fault]
      return `name server ${server} ${says}`
    })
    .join('; ')
}

/** Why a name has no address: what the system says of it, which calls much the same, and what its name servers say. */
export function noAddress(
  host: string,
  families: readonly Family[],
  errors: readonly unknown[],
  { nameServers = [] }: Pick<Exchange, 'nameServers'>,
): PullFault {
  const details = [...new Set(errors.map((error) => faultOf(error).detail)), sayNameServers(nameServers)]
  const kind = families.length === 1 ? `address of IPv${families[0]}` : 'address'
  const detail = [`${host} has no ${kind}`, details.filter((one) => one !== '').join('; ')]
  return new PullFault({ cause: causeOf(nameServers), detail: detail.filter((one) => one !== '').join(': ') })
}

/** One that says there is no such name ends the search; of the others the next one is asked (resolver(3)). */
export function causeOf(asked: readonly NameServerFacts[]): CauseId {
  const has = (saying: Saying) => asked.some(({ fault }) => fault === saying)
  if (asked.length === 0 || asked.some(({ fault }) => fault === undefined)) return 'dns'
  if (has('no such name') || has('no address')) return 'dns'
  if (has('server failure') || has('no sense')) return 'dns-server-failure'
  return has('refused') ? 'dns-refused' : 'dns-timeout'
}
