import { homedir } from 'node:os'
import { join } from 'node:path'
import { GenerationalCache } from '../../internal/generational-cache.ts'
import type { Clock } from '../../runtime.ts'
import type { Credential, Credentials } from '../../transport/credential.ts'
import { systemClock } from '../clock.ts'
import { askHelper } from './helper.ts'
import { isDockerHub, type LoginFile, readLoginFile } from './login-file.ts'

export interface CredentialsOptions {
  /** Says where the files are (`DOCKER_CONFIG`, `XDG_RUNTIME_DIR`), and is handed to helpers. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** The user's home folder. */
  readonly home?: string
  readonly clock?: Clock
  /** How long a helper may take, in milliseconds. */
  readonly helperTimeout?: number
}

/** What is found is used for so long, in milliseconds: helpers take their time, and tell nobody when they rotate. */
const KEPT = 5 * 60_000
const HOSTS_MAX = 1000
const HELPER_TIMEOUT = 30_000
/** As every tool of Docker's asks its helpers about Docker Hub. */
const DOCKER_HUB = 'https://index.docker.io/v1/'

/**
 * The credentials of whoever runs this process, as `docker login` and `podman login` leave them, Docker's first:
 * `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`, then `$XDG_RUNTIME_DIR/containers/auth.json`. The files are
 * read anew, so that a login counts while this runs.
 *
 * The function rejects with `FILE_UNREADABLE`, `CONFIG_INVALID` for a file that is not what it should be, and
 * `ACCESS_DENIED` for a helper that does not do its work; no error holds a credential.
 */
export function createCredentials(options: CredentialsOptions = {}): Credentials {
  const { environment = process.env, home = homedir(), clock = systemClock } = options
  const { helperTimeout = HELPER_TIMEOUT } = options
  const files = [join(environment.DOCKER_CONFIG || join(home, '.docker'), 'config.json')]
  if (environment.XDG_RUNTIME_DIR) files.push(join(environment.XDG_RUNTIME_DIR, 'containers', 'auth.json'))

  const find = async (host: string): Promise<Credential | undefined> => {
    const server = isDockerHub(host) ? DOCKER_HUB : host
    for (const path of files) {
      const file = await readLoginFile(path)
      if (file === undefined) continue
      const found = await findIn(file, host, (helper) =>
        askHelper(helper, server, { environment, timeout: helperTimeout }),
      )
      if (found !== undefined) return found
    }
    return undefined
  }

  const kept = new GenerationalCache<string, { found: Promise<Credential | undefined>; until: number }>(
    HOSTS_MAX,
  )
  return (host) => {
    const known = kept.get(host)
    if (known !== undefined && known.until > clock.now()) return known.found
    const found = find(host.toLowerCase())
    kept.set(host, { found, until: clock.now() + KEPT })
    // What failed is tried again, and whoever asked hears of the failure.
    found.catch(() => kept.delete(host))
    return found
  }
}

/** A helper named for the host comes first, then what stands in the file, then the helper for all hosts. */
async function findIn(
  { helperOf, credentialOf, helper }: LoginFile,
  host: string,
  ask: (helper: string) => Promise<Credential | undefined>,
): Promise<Credential | undefined> {
  const own = helperOf(host)
  if (own !== undefined) return ask(own)
  return credentialOf(host) ?? (helper === undefined ? undefined : ask(helper))
}
