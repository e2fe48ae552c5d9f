import { PortolanError } from '../../errors.ts'

/** The hash of each user. */
export type Users = ReadonlyMap<string, string>

/** bcrypt as `htpasswd -B` (`$2y$`) and others write it: cost, 22 characters of salt, 31 of the hash. */
const BCRYPT = /^\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}$/
/** Each step doubles the work of a login: with 15, that is seconds. */
const COST_MAX = 15
const COST_MIN = 4
const USERS_MAX = 10_000

/**
 * Reads the users of a file of Apache's `htpasswd`, of which bcrypt alone is good enough for passwords. Throws
 * `CONFIG_INVALID` with the line that is at fault; no hash is repeated.
 */
export function parseHtpasswd(text: string, file: string): Users {
  const users = new Map<string, string>()
  for (const [index, whole] of text.split('\n').entries()) {
    const line = whole.trim()
    if (line === '' || line.startsWith('#')) continue
    const fail = (why: string) =>
      new PortolanError('CONFIG_INVALID', `${file}, line ${index + 1}: ${why}`, { file, line: index + 1 })
    const colon = line.indexOf(':')
    if (colon < 1) throw fail('is not USER:HASH, as "htpasswd -B" writes it')
    const user = line.slice(0, colon)
    const cost = BCRYPT.exec(line.slice(colon + 1))?.[1]
    if (cost === undefined) {
      throw fail(
        `the password of ${shown(user)} is not kept by bcrypt ($2y$, $2a$, $2b$); write it with "htpasswd -B"`,
      )
    }
    if (Number(cost) < COST_MIN || Number(cost) > COST_MAX) {
      throw fail(`the cost of ${shown(user)} is ${Number(cost)}; allowed are ${COST_MIN} to ${COST_MAX}`)
    }
    if (users.has(user)) throw fail(`${shown(user)} stands there twice`)
    if (users.size >= USERS_MAX) throw fail(`there are more than ${USERS_MAX} users`)
    users.set(user, line.slice(colon + 1))
  }
  if (users.size === 0) throw new PortolanError('CONFIG_INVALID', `${file} names no user`, { file })
  return users
}

function shown(user: string): string {
  return JSON.stringify(user.slice(0, 64))
}
