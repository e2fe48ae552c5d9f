import { readRegular } from '../adapters/node/regular-file.ts'
import type { Config, CredentialsConfig } from '../config/config.ts'
import { type ConfigFault, type ConfigPath, formatConfigPath } from '../config/fault.ts'
import { PortolanError } from '../errors.ts'
import { parseHtpasswd } from '../server/admission/htpasswd.ts'

const BYTES_MAX = 2 * 1024 * 1024

/**
 * Looks at the files of users and logins that a config names. One that cannot be read is a warning, since a config is
 * often checked on another machine than the mirror's; users that the mirror could not take are a fault.
 */
export async function checkLoginFiles(
  { clients: { htpasswd }, upstreams }: Config,
  file: string,
): Promise<{ readonly faults: readonly ConfigFault[]; readonly warnings: readonly ConfigFault[] }> {
  const faults: ConfigFault[] = []
  const warnings: ConfigFault[] = []
  const at = (path: ConfigPath, value: string, message: string) => ({
    ...{ file, path: formatConfigPath(path), value, message },
  })
  const read = async (path: ConfigPath, name: string): Promise<string | undefined> => {
    try {
      return await readRegular(name, BYTES_MAX)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      warnings.push(at(path, name, `cannot be read here (${reason}); where it is used, it must be`))
      return undefined
    }
  }
  for (const [path, name] of filesOf(upstreams)) await read(path, name)
  const path = ['clients', 'htpasswd']
  const text = htpasswd === undefined ? undefined : await read(path, htpasswd)
  try {
    if (text !== undefined) parseHtpasswd(text, htpasswd!)
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    faults.push(at(path, htpasswd!, error.message))
  }
  return { faults, warnings }
}

/** Those that hold a part of a login, each with where the config names it. */
function* filesOf(upstreams: Config['upstreams']): Iterable<readonly [ConfigPath, string]> {
  for (const [index, { credentials, fill }] of upstreams.entries()) {
    yield* filesOfLogin(['upstreams', index, 'credentials'], credentials)
    yield* filesOfLogin(['upstreams', index, 'fill', 'registry', 'credentials'], fill?.credentials)
  }
}

function* filesOfLogin(
  path: ConfigPath,
  credentials: CredentialsConfig | undefined,
): Iterable<readonly [ConfigPath, string]> {
  if (credentials?.kind === 'dockerConfig') yield [[...path, 'dockerConfig'], credentials.file]
  if (credentials?.kind !== 'login') return
  for (const key of ['usernameFile', 'passwordFile'] as const) {
    const name = credentials[key]
    if (name !== undefined) yield [[...path, key], name]
  }
}
