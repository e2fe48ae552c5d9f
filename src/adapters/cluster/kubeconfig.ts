import { readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { type Cluster, type Context, KubeConfig, type User } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { z } from 'zod'
import { suggestion } from '../../config/suggestion.ts'
import { PortolanError } from '../../errors.ts'

/** Which cluster is meant, as kubectl takes it. */
export interface ClusterChoice {
  /** A kubeconfig instead of the usual ones. */
  readonly kubeconfig?: string
  /** Instead of the kubeconfig's current one. */
  readonly context?: string
}

/** A cluster, and what is needed to talk to it. */
export interface ClusterAccess {
  readonly context: string
  /** The URL of its API server. */
  readonly server: string
  /** As the kubeconfig names it. */
  readonly user: string
  /** The context's own. */
  readonly namespace: string
  readonly cluster: Cluster
  /** Has the context as its current one. */
  readonly config: KubeConfig
}

export interface KubeconfigParts {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Of whoever runs this. */
  readonly home: string
  /** Under which the service account of a pod lies; `/` except in tests. */
  readonly root?: string
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount/token'
const IN_CLUSTER = 'in-cluster'
const TEXT_MAX = 16 * 1024 * 1024

const KUBECONFIG = z.looseObject({
  users: z
    .array(
      z.looseObject({
        user: z
          .looseObject({ tokenFile: z.string().nullish(), exec: z.looseObject({ command: z.string() }).nullish() })
          .nullish(),
      }),
    )
    .nullish(),
})

/**
 * Finds the cluster as kubectl does: by the file that is named, else by those of `KUBECONFIG`, of which the first to
 * say something holds and missing ones do not matter, else by `~/.kube/config`, else by the service account of the pod
 * that this runs in. Throws `USAGE` or `FILE_UNREADABLE`, naming the file and what to do.
 */
export function readKubeconfig(choice: ClusterChoice, parts: KubeconfigParts): ClusterAccess {
  const config = loadFiles(choice, parts) ?? loadServiceAccount(parts)
  if (config === undefined) {
    const { KUBECONFIG: list } = parts.environment
    const tried = list ? `KUBECONFIG (${list}) names no file that is there` : `there is no ${defaultFile(parts)}`
    throw usage(`no cluster is known: ${tried}, and this is not a pod; name a kubeconfig with --kubeconfig FILE`)
  }
  return chooseContext(config, choice.context)
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
  merged.loadFromOptions({
    clusters: firstOfName(configs.flatMap(({ clusters }) => clusters)),
    users: firstOfName(configs.flatMap(({ users }) => users)),
    contexts: firstOfName(configs.flatMap(({ contexts }) => contexts)),
    currentContext: configs.find(({ currentContext }) => currentContext)?.currentContext,
  })
  return merged
}

function loadFile(file: string): KubeConfig {
  const config = new KubeConfig()
  const document = KUBECONFIG.safeParse(parseFile(file))
  if (!document.success) throw unreadable(file, 'it is no kubeconfig', document.error)
  const folder = dirname(file)
  for (const { user } of document.data.users ?? []) {
    // The library knows neither: a token's file under its real key, nor a plugin beside the file.
    if (user?.tokenFile) {
      user['auth-provider'] = { name: 'tokenFile', config: { tokenFile: join(folder, user.tokenFile) } }
    }
  }
  try {
    config.loadFromString(JSON.stringify(document.data))
  } catch (error) {
    throw unreadable(file, (error as Error).message, error)
  }
  config.makePathsAbsolute(folder)
  return config
}

function parseFile(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw unreadable(file, missing ? 'there is no such file' : (error as Error).message, error, missing)
  }
  if (text.length > TEXT_MAX) throw unreadable(file, `it is longer than ${TEXT_MAX} characters`)
  try {
    return parse(text) ?? {}
  } catch (error) {
    throw unreadable(file, `it is not YAML: ${(error as Error).message.split('\n')[0]}`, error)
  }
}

function loadServiceAccount({ environment, root = '' }: KubeconfigParts): KubeConfig | undefined {
  return undefined
}
