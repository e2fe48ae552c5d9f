import type { LoginConfig } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import type { Log } from '../../telemetry/log.ts'
import type { Credential } from '../../transport/credential.ts'
import { SecretFile } from './secret-file.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads a user and a password from where a config says that they are; what is in files is read again when they change,
 * and in any case when `isRefused`. The function rejects as {@link SecretFile.read} does, and with `CONFIG_INVALID` for a
 * variable that is not set.
 */
export function openLogin(
  { username, usernameFile, passwordFile, passwordVariable }: LoginConfig,
  { environment, log }: { readonly environment: Environment; readonly log: Log },
): (isRefused: boolean) => Promise<Credential> {
  const user = usernameFile === undefined ? undefined : new SecretFile(usernameFile, log)
  const secret = passwordFile === undefined ? undefined : new SecretFile(passwordFile, log)
  return async (isRefused) => ({
    kind: 'password',
    username: username ?? (await user!.read(isRefused)),
    password: secret === undefined ? variable(passwordVariable!, environment) : await secret.read(isRefused),
  })
}

function variable(name: string, environment: Environment): string {
  const value = environment[name]
  if (value) return value
  throw new PortolanError('CONFIG_INVALID', `${name} is not set in the environment`, { variable: name })
}
