import { GenerationalCache } from '../../internal/generational-cache.ts'
import type { CreateHash } from '../../runtime.ts'
import type { BasicLogin } from './basic-login.ts'
import type { Users } from './htpasswd.ts'
import type { PasswordRuntime } from './password-runtime.ts'

/** Whether a client is who it says; `busy` when that cannot be found out now. */
export type Verdict = 'known' | 'unknown' | 'busy'

/** Passwords that wait to be checked: of all clients, and of one network. At the usual cost, all of them take seconds. */
const WAITING_MAX = 64
const WAITING_MAX_EACH = 16
const WRONG_MAX = 10_000
/** bcrypt takes 72 bytes and is silent about the rest; nobody's password has more than this many characters. */
const PASSWORD_MAX = 1024

interface PasswordsParts {
  readonly passwords: PasswordRuntime
  readonly createHash: CreateHash
}

/**
 * Checks passwords, each once: that is made to take long. What was right is remembered for each user, what was wrong for
 * some thousands of logins, neither as text, and both only as long as the file says the same of the user.
 */
export class Passwords {
  readonly #parts: PasswordsParts
  /** By user, what was right. */
  readonly #right = new Map<string, string>()
  readonly #wrong = new GenerationalCache<string, true>(WRONG_MAX)
  readonly #underway = new Map<string, Promise<Verdict>>()
  readonly #waitingOf = new Map<string, number>()

  constructor(parts: PasswordsParts) {
    this.#parts = parts
  }

  /** `network` says who asks, so that one of them cannot keep the others waiting. */
  check({ user, password }: BasicLogin, users: Users, network: () => string): Verdict | Promise<Verdict> {
    if (password.length > PASSWORD_MAX) return 'unknown'
    const hash = users.get(user)
    const digest = this.#digest(user, password, hash ?? '')
    if (hash !== undefined && this.#right.get(user) === digest) return 'known'
    if (this.#wrong.get(digest)) return 'unknown'
    const other = this.#underway.get(digest)
    if (other !== undefined) return other
    const from = network()
    const waiting = this.#waitingOf.get(from) ?? 0
    if (this.#underway.size >= WAITING_MAX || waiting >= WAITING_MAX_EACH) return 'busy'
    this.#waitingOf.set(from, waiting + 1)
    const verdict = this.#verify(user, password, hash ?? nobodys(users), digest).finally(() => {
      this.#underway.delete(digest)
      this.#leave(from)
    })
    this.#underway.set(digest, verdict)
    return verdict
  }

  async #verify(user: string, password: string, hash: string, digest: string): Promise<Verdict> {
    let isRight: boolean
    try {
      isRight = await this.#parts.passwords.verify(password, hash)
    } catch {
      return 'busy'
    }
    if (isRight) this.#right.set(user, digest)
    else this.#wrong.set(digest, true)
    return isRight ? 'known' : 'unknown'
  }

  #leave(network: string): void {
    const waiting = this.#waitingOf.get(network)! - 1
    if (waiting === 0) this.#waitingOf.delete(network)
    else this.#waitingOf.set(network, waiting)
  }

  /** Of fixed length, and of no use to whoever sees it: nobody else has the secret. */
  #digest(user: string, password: string, hash: string): string {
    const digest = this.#parts.createHash('sha256')
    digest.update(this.#parts.passwords.secret)
    digest.update(new TextEncoder().encode(`${user}\0${password}\0${hash}`))
    return digest.hex()
  }
}

/** The hash of no password, at the cost of the others: an unknown user is not told sooner from a wrong password. */
function nobodys(users: Users): string {
  const [one = ''] = users.values()
  return `${one.slice(0, 7)}${'.'.repeat(53)}`
}
