import { spawn } from 'node:child_process'
import { z } from 'zod'
import type { Clock } from '../../runtime.ts'

/** `exec` of a user of a kubeconfig, as far as it is of use. */
export const PLUGIN = z.looseObject({
  apiVersion: z.string(),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  installHint: z.string().nullish(),
})

export type CredentialPlugin = z.infer<typeof PLUGIN>

/** What a plugin gave: a token, or a certificate with its key, in PEM. */
export interface PluginCredential {
  readonly token?: string
  readonly certificate?: string
  readonly key?: string
}

export interface PluginParts {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** In milliseconds; then it is killed. */
  readonly timeout: number
}

const OUTPUT_MAX_BYTES = 1024 * 1024
/** How long after its end what it printed may take to arrive, in milliseconds. */
const OUTPUT_GRACE = 1000
/** A credential that ends as soon as this, in milliseconds, is not used any more: it has to last for a page. */
const MARGIN = 10_000

const ANSWER = z.object({
  status: z.object({
    token: z.string().nullish(),
    clientCertificateData: z.string().nullish(),
    clientKeyData: z.string().nullish(),
    expirationTimestamp: z.string().nullish(),
  }),
})

/**
 * Gives the credential of a plugin (kubernetes.io/docs/reference/access-authn-authz/authentication, "client-go
 * credential plugins"), which is asked again when that has expired. The library's own way to do so waits for ever and
 * leaves the plugin running. Rejects when it cannot be run, fails, takes too long, or gives none; nothing that it
 * printed is repeated, since that may be a secret. What it says on standard error is shown as it comes.
 */
export function createPluginCredential(
  plugin: CredentialPlugin,
  parts: PluginParts,
): () => Promise<PluginCredential> {
  let known: { readonly credential: PluginCredential; readonly until: number } | undefined
  return async () => {
    const now = parts.clock.date().getTime()
    if (known !== undefined && now < known.until) return known.credential
    const { status } = readAnswer(plugin, await run(plugin, parts))
    const { token, clientCertificateData: certificate, clientKeyData: key, expirationTimestamp } = status
    if (!token && !(certificate && key)) throw failed(plugin, 'it printed neither token nor certificate')
    const until = expirationTimestamp ? Date.parse(expirationTimestamp) - MARGIN : Number.POSITIVE_INFINITY
    const credential = { ...(token && { token }), ...(certificate && key && { certificate, key }) }
    known = { credential, until }
    return credential
  }
}

function run(plugin: CredentialPlugin, { environment, clock, timeout }: PluginParts): Promise<string> {
  const { command, args, env, apiVersion } = plugin
  const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } }
  return new Promise((resolve, reject) => {
    const child = spawn(command, args ?? [], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...environment,
        KUBERNETES_EXEC_INFO: JSON.stringify(info),
        ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
      },
      timeout,
      killSignal: 'SIGKILL',
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
      if (output.length <= OUTPUT_MAX_BYTES) return
      child.kill('SIGKILL')
      // What it has started lives on, and would go on to print.
      child.stdout.destroy()
    })
    child.on('error', ({ message, code }: NodeJS.ErrnoException) => {
      const hint = plugin.installHint ? `; ${plugin.installHint}` : ''
      reject(failed(plugin, code === 'ENOENT' ? `it is not there${hint}` : message))
    })
    let callOff = () => {}
    child.on('exit', (code, signal) => {
      if (output.length > OUTPUT_MAX_BYTES) reject(failed(plugin, 'it printed far too much'))
      else if (signal === 'SIGKILL') reject(failed(plugin, `it did not end within ${timeout / 1000} s`))
      else if (code !== 0)
        reject(failed(plugin, `it ended with ${code === null ? signal : `exit code ${code}`}`))
      // What it has left running may hold its standard output for ever.
      callOff = clock.after(OUTPUT_GRACE, () => child.stdout.destroy())
    })
    child.on('close', () => {
      callOff()
      resolve(output)
    })
  })
}

function readAnswer(plugin: CredentialPlugin, output: string): z.infer<typeof ANSWER> {
  try {
    return ANSWER.parse(JSON.parse(output))
  } catch {
    throw failed(plugin, 'it printed no ExecCredential')
  }
}

function failed({ command }: CredentialPlugin, why: string): Error {
  return new Error(`its plugin ${command} gives none: ${why}`)
}
