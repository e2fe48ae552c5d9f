import type { TestRepository } from '../../support/content.ts'
import { status } from '../../support/list-server.ts'
import {
  json,
  type ScriptedRegistry,
  startScriptedRegistry,
  startServer,
} from '../../support/scripted-registry.ts'

/** A registry that gives nothing without a token, which it gives to one user. */
export interface PrivateRegistry extends AsyncDisposable {
  readonly origin: string
  readonly registry: ScriptedRegistry
  /** The logins with which tokens were asked for, in their order. */
  readonly logins: readonly string[]
  /** Takes another password from now on, and no token of before. */
  rotate(password: string): void
}

export async function startPrivateRegistry(
  password: string,
  repositories: readonly TestRepository[],
): Promise<PrivateRegistry> {
  const made = new AsyncDisposableStack()
  const logins: string[] = []
  let right = password
  let tokens = new Set<string>()
  const tokenServer = made.use(
    await startServer(({ headers }) => {
      const login = Buffer.from(headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString()
      logins.push(login)
      if (login !== `mirror:${right}`) return status(401)
      const token = `token-${logins.length}`
      tokens.add(`Bearer ${token}`)
      return json({ token, expires_in: 3600 })
    }),
  )
  const registry = made.use(
    await startScriptedRegistry({
      repositories,
      challenge: ({ path, headers }) =>
        tokens.has(headers.authorization ?? '')
          ? undefined
          : `Bearer realm="${tokenServer.origin}/token",service="private",scope="repository:${path.split('/')[2]}:pull"`,
    }),
  )
  return {
    origin: registry.origin,
    registry,
    logins,
    rotate(next) {
      right = next
      tokens = new Set()
    },
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  }
}
