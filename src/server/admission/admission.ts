import type { Config, RegistryConfig } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import { type Address, formatAddress } from '../../net/address.ts'
import { firstAddress, formatPrefix } from '../../net/prefix.ts'
import type { Runtime } from '../../runtime.ts'
import { faultReply } from '../fault-reply.ts'
import type { DoorReply } from '../reply.ts'
import type { DoorRequest } from '../request.ts'
import { readBasicLogin } from './basic-login.ts'
import type { PasswordRuntime } from './password-runtime.ts'
import { Passwords, type Verdict } from './passwords.ts'
import { UserFile } from './user-file.ts'

/** The part of a runtime that lets clients in. */
export type AdmissionRuntime = Pick<Runtime, 'now' | 'after' | 'log' | 'createHash'> & {
  readonly passwords?: PasswordRuntime
}

/** Who asks and for what, as far as that decides whether to answer. */
export interface Visit {
  readonly request: Pick<DoorRequest, 'header' | 'peer'>
  /** Of the client; `undefined` where it is not known. */
  readonly address: Address | undefined
  /** Those that the request may mean. */
  readonly registries: readonly Pick<RegistryConfig, 'public'>[]
}

/** What a client is told that has not said who it is, or not rightly. Nobody is who does not know all users. */
const CHALLENGE = faultReply(
  {
    code: 'UNAUTHORIZED',
    message: 'this mirror asks who you are: log in with the user name and password for it',
  },
  401,
  { 'WWW-Authenticate': 'Basic realm="portolan"' },
)
const BUSY = faultReply(
  { code: 'UNAVAILABLE', message: 'too many logins wait to be checked; try again in a moment' },
  503,
  { 'Retry-After': '2' },
)

/** Lets clients in: all of them, or those whose users a file names. */
export class Admission {
  readonly #users: UserFile | undefined
  readonly #passwords: Passwords | undefined

  private constructor(users: UserFile | undefined, passwords: Passwords | undefined) {
    this.#users = users
    this.#passwords = passwords
  }

  /**
   * What a config says of its clients; `before` is kept where it says the same. Throws as {@link UserFile.open} does, and
   * `CONFIG_INVALID` where the runtime cannot check passwords.
   */
  static async open(
    { clients: { htpasswd } }: Pick<Config, 'clients'>,
    runtime: AdmissionRuntime,
    before?: Admission,
  ): Promise<Admission> {
    if (before !== undefined && before.#users?.file === htpasswd) return before
    if (htpasswd === undefined) return new Admission(undefined, undefined)
    const { passwords } = runtime
    if (passwords === undefined) {
      throw new PortolanError(
        'CONFIG_INVALID',
        'clients.htpasswd: this runtime has no files, and so no users',
      )
    }
    const parts = { ...runtime, passwords }
    return new Admission(await UserFile.open(htpasswd, parts), new Passwords(parts))
  }

  /**
   * What is answered instead to a client that is not let in. `Authorization` is read only where it counts: to what is
   * public, clients may send what they have for others.
   */
  refuse(visit: Visit): DoorReply | undefined | Promise<DoorReply | undefined> {
    if (this.#users === undefined || visit.registries.every((registry) => registry.public)) return undefined
    const authorization = visit.request.header('authorization')
    const login = authorization === undefined ? undefined : readBasicLogin(authorization)
    if (login === undefined) return CHALLENGE
    const passwords = this.#passwords!
    const network = () => networkOf(visit)
    const users = this.#users.users()
    const verdict =
      users instanceof Promise
        ? users.then((known) => passwords.check(login, known, network))
        : passwords.check(login, users, network)
    return verdict instanceof Promise ? verdict.then(replyTo) : replyTo(verdict)
  }
}

function replyTo(verdict: Verdict): DoorReply | undefined {
  return verdict === 'known' ? undefined : verdict === 'busy' ? BUSY : CHALLENGE
}

/** Of IPv6, everybody has a whole /64. */
function networkOf({ address, request }: Visit): string {
  if (address === undefined) return request.peer
  return address.family === 4
    ? formatAddress(address)
    : formatPrefix({ address: firstAddress(address, 64), length: 64 })
}
