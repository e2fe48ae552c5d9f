import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { z } from 'zod'
import type { ClusterAccess } from '../../cluster/access.ts'
import { chooseContext, mergeKubeconfigs } from '../../cluster/choose-context.ts'
import { PortolanError } from '../../errors.ts'
import { type CredentialPlugin, PLUGIN } from './credential-plugin.ts'

/** Which cluster is meant, as kubectl takes it. */
export interface ClusterChoice {
  /** A kubeconfig instead of the usual ones. */
  readonly kubeconfig?: string
  /** Instead of the kubeconfig's current one. */
  readonly context?: string
}

/** A cluster, and what is needed to talk to it. */
export interface KubeconfigAccess extends ClusterAccess {
  /** Knows this cluster and this user alone, without the user's plugin. */
  readonly config: KubeConfig
  readonly plugin?: CredentialPlugin
}

export interface KubeconfigParts {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Of whoever runs this. */
  readonly home: string
  /** Under which the service account of a pod lies; `/` except in tests. */
  readonly root?: string
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount/token'
const TEXT_MAX = 16 * 1024 * 1024

/** What the library would read otherwise than kubectl does; the rest is for it to check. */
const USER = z.looseObject({ tokenFile: z.string().nullish(), exec: PLUGIN.nullish() })
const KUBECONFIG = z.looseObject({ users: z.array(z.looseObject({ user: USER.nullish() })).nullish() })

type KubeconfigUser = z.infer<typeof USER>

/**
 * Finds the cluster as kubectl does: by the file that is named, else by those of `KUBECONFIG`, of which the first to
 * say something holds and missing ones do not matter, else by `~/.kube/config`, else by the service account of the pod
 * that this runs in. Throws `USAGE` or `FILE_UNREADABLE`, naming the file and what to do.
 */
export function readKubeconfig(choice: ClusterChoice, parts: KubeconfigParts): KubeconfigAccess {
  const config = loadFiles(choice, parts) ?? loadServiceAccount(parts)
  if (config === undefined) {
    const { KUBECONFIG: list } = parts.environment
    const tried = list
      ? `KUBECONFIG (${list}) names no file that is there`
      : `there is no ${defaultFile(parts)}`
    throw usage(
      `no cluster is known: ${tried}, and this is not a pod; name a kubeconfig with --kubeconfig FILE`,
    )
  }
  return accessOf(config, choice.context)
}

function loadFiles({ kubeconfig }: ClusterChoice, parts: KubeconfigParts): KubeConfig | undefined {
  const { KUBECONFIG: list } = parts.environment
  const files = list ? list.split(delimiter).filter((file) => file !== '') : [defaultFile(parts)]
  const configs = kubeconfig
    ? [loadFile(kubeconfig)]
    : files.flatMap((file) => {
        try {
          return [loadFile(file)]
        } catch (error) {
          if (error instanceof PortolanError && error.facts.missing === true) return []
          throw error
        }
      })
  if (configs.length === 0) return undefined
  const merged = new KubeConfig()
  merged.loadFromOptions(mergeKubeconfigs(configs))
  return merged
}

function loadFile(file: string): KubeConfig {
  const config = new KubeConfig()
  const document = KUBECONFIG.safeParse(parseFile(file))
  if (!document.success) {
    const [issue] = document.error.issues
    throw unreadable(file, `${issue?.path.join('.') || 'it'} is malformed: ${issue?.message}`, document.error)
  }
  const folder = dirname(file)
  for (const { user } of document.data.users ?? []) if (user) completeUser(user, folder)
  try {
    config.loadFromString(JSON.stringify(document.data))
  } catch (error) {
    throw unreadable(file, (error as Error).message, error)
  }
  config.makePathsAbsolute(folder)
  return config
}

/** Puts a token's file where the library looks for it, and makes paths absolute that the library leaves alone. */
function completeUser(user: KubeconfigUser, folder: string): void {
  const { tokenFile, exec } = user
  if (tokenFile) {
    user['auth-provider'] = { name: 'tokenFile', config: { tokenFile: toAbsolute(folder, tokenFile) } }
    delete user.token
  }
  // A plugin is looked for on PATH unless its name has a slash.
  if (exec?.command.includes('/')) exec.command = toAbsolute(folder, exec.command)
}

function parseFile(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw unreadable(file, missing ? 'there is no such file' : (error as Error).message, error, missing)
  }
  if (text.length > TEXT_MAX) throw unreadable(file, `it is longer than ${TEXT_MAX} characters`, undefined)
  try {
    return parse(text) ?? {}
  } catch (error) {
    throw unreadable(file, `it is not YAML: ${(error as Error).message.split('\n')[0]}`, error)
  }
}

function loadServiceAccount({ environment, root = '' }: KubeconfigParts): KubeConfig | undefined {
  if (!environment.KUBERNETES_SERVICE_HOST || !existsSync(root + SERVICE_ACCOUNT)) return undefined
  const config = new KubeConfig()
  config.loadFromCluster(root)
  for (const context of config.contexts) Object.assign(context, { name: 'in-cluster' })
  config.setCurrentContext('in-cluster')
  return config
}

function accessOf(config: KubeConfig, wanted: string | undefined): KubeconfigAccess {
  const { context, cluster, user, server } = chooseContext(config, wanted)
  const reached = new KubeConfig()
  const { exec, ...login } = user ?? { name: '' }
  // Like kubectl: over plain http nobody's credential is sent. The library refuses http unless TLS is not verified.
  const isPlain = server.protocol === 'http:'
  if (isPlain) reached.loadFromClusterAndUser({ ...cluster, skipTLSVerify: true }, { name: login.name })
  else reached.loadFromClusterAndUser(cluster, login)
  return {
    context: context.name,
    server: cluster.server.replace(/\/$/, ''),
    user: context.user ?? '',
    namespace: context.namespace ?? 'default',
    config: reached,
    ...(exec && !isPlain && { plugin: exec as CredentialPlugin }),
  }
}

function toAbsolute(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path)
}

function defaultFile({ home }: KubeconfigParts): string {
  return join(home, '.kube', 'config')
}

function usage(message: string): PortolanError {
  return new PortolanError('USAGE', message)
}

function unreadable(file: string, why: string, cause: unknown, missing = false): PortolanError {
  return new PortolanError(
    'FILE_UNREADABLE',
    `cannot read kubeconfig ${file}: ${why}`,
    { file, missing },
    cause,
  )
}
