import { PortolanError } from '../../errors.ts'
import { within } from '../../internal/within.ts'
import type { Runtime } from '../../runtime.ts'
import { parseHtpasswd, type Users } from './htpasswd.ts'
import type { PasswordRuntime } from './password-runtime.ts'

/** How old the last look at the file may be when somebody logs in, in milliseconds. */
const LOOKED_AGE = 5_000
/** How long a login waits for a disk that hangs, in milliseconds. */
const LOOK_TIMEOUT = 1_000

type UserFileRuntime = Pick<Runtime, 'now' | 'after' | 'log'> & { readonly passwords: PasswordRuntime }

/** The users of a mirror as their file says; looked at when somebody logs in, so that nobody is let in who was taken out. */
export class UserFile {
  readonly file: string
  readonly #runtime: UserFileRuntime
  #users: Users
  #print: string | undefined
  #lookedAt: number
  #look: Promise<void> | undefined
  /** What the last look found wrong. */
  #fault: string | undefined

  private constructor(
    file: string,
    runtime: UserFileRuntime,
    read: { users: Users; print: string | undefined },
  ) {
    this.file = file
    this.#runtime = runtime
    this.#users = read.users
    this.#print = read.print
    this.#lookedAt = runtime.now()
  }

  /** Throws `FILE_UNREADABLE`, or `CONFIG_INVALID` with the line that is at fault. */
  static async open(file: string, runtime: UserFileRuntime): Promise<UserFile> {
    return new UserFile(file, runtime, await readUsers(file, runtime.passwords))
  }

  /** Those of a few seconds ago at the most; what cannot be read leaves those from before. */
  users(): Users | Promise<Users> {
    if (this.#runtime.now() - this.#lookedAt < LOOKED_AGE) return this.#users
    this.#look ??= this.#lookAgain().finally(() => {
      this.#look = undefined
    })
    return within(this.#runtime, LOOK_TIMEOUT, this.#look, undefined).then(() => this.#users)
  }

  /** Never rejects. */
  async #lookAgain(): Promise<void> {
    const { passwords, log, now } = this.#runtime
    // Now and not when it is over: of those who come in the meantime, none waits for a disk that hangs.
    this.#lookedAt = now()
    try {
      const print = await passwords.print(this.file)
      if (print === undefined || print !== this.#print) {
        const read = await readUsers(this.file, passwords)
        this.#users = read.users
        this.#print = read.print
        this.#fault = undefined
        log.info({ file: this.file, users: read.users.size }, 'these users are known from now on')
      }
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error)
      if (fault !== this.#fault)
        log.error({ faults: [fault] }, 'the users were not replaced: those from before stay')
      this.#fault = fault
    }
  }
}

async function readUsers(
  file: string,
  { read, print }: PasswordRuntime,
): Promise<{ users: Users; print: string | undefined }> {
  // Before it is read: what changes after that is seen the next time.
  const seen = await print(file)
  let text: string
  try {
    text = await read(file)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new PortolanError('FILE_UNREADABLE', `cannot read ${file}: ${reason}`, { file, reason }, cause)
  }
  return { users: parseHtpasswd(text, file), print: seen }
}
