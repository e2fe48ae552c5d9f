import { execFile } from 'node:child_process'
import { z } from 'zod'
import { PortolanError } from '../../errors.ts'
import type { Credential } from '../../transport/credential.ts'

export interface HelperOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** In milliseconds; then it is killed. */
  readonly timeout: number
}

const OUTPUT_MAX_BYTES = 1024 * 1024
/** What docker-credential-helpers print, with exit code 1, when they know nothing of a server. */
const NOT_FOUND = 'credentials not found in native keychain'
/** The user name by which a helper says that its secret is an identity token. */
const IDENTITY_TOKEN = '<token>'
const ANSWER = z.object({ Username: z.string(), Secret: z.string().min(1) })

/**
 * Asks `docker-credential-NAME get` for the credential of a server, by the protocol of docker-credential-helpers;
 * `undefined` when it has none. Throws `ACCESS_DENIED` when it cannot be run, fails, takes too long, or answers what is
 * no credential; nothing that it printed is repeated, since that may be a secret.
 */
export async function askHelper(
  helper: string,
  server: string,
  options: HelperOptions,
): Promise<Credential | undefined> {
  const program = `docker-credential-${helper}`
  const { stdout, failure } = await run(program, server, options)
  if (failure !== undefined) {
    if (stdout.trim() === NOT_FOUND) return undefined
    throw failed(program, server, failure)
  }
  const answer = readAnswer(stdout)
  if (answer === undefined) throw failed(program, server, 'it printed no credential')
  const { Username: username, Secret: secret } = answer
  return username === IDENTITY_TOKEN
    ? { kind: 'identityToken', token: secret }
    : { kind: 'password', username, password: secret }
}

function run(
  program: string,
  server: string,
  { environment, timeout }: HelperOptions,
): Promise<{ stdout: string; failure?: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      ['get'],
      { env: environment, timeout, killSignal: 'SIGKILL', maxBuffer: OUTPUT_MAX_BYTES },
      (error, stdout) => resolve({ stdout, ...(error && { failure: failureOf(error, timeout) }) }),
    )
    // A helper may end without having read.
    child.stdin?.on('error', () => {})
    child.stdin?.end(server)
  })
}

function failureOf({ code, killed }: { code?: unknown; killed?: boolean }, timeout: number): string {
  if (code === 'ENOENT') return 'it is not on PATH'
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'it printed far too much'
  if (killed) return `it did not end within ${timeout / 1000} s`
  return typeof code === 'number' ? `it ended with exit code ${code}` : `it could not be run (${code})`
}

function readAnswer(stdout: string): z.infer<typeof ANSWER> | undefined {
  try {
    return ANSWER.parse(JSON.parse(stdout))
  } catch {
    return undefined
  }
}

function failed(program: string, server: string, why: string): PortolanError {
  return new PortolanError(
    'ACCESS_DENIED',
    `${program} gives no credential for ${server}: ${why}; try: echo ${server} | ${program} get`,
    { program, server },
  )
}
