import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import type { ApiObject } from './kubernetes-objects.ts'
import { findPrograms, type Ran, run } from './programs.ts'
import { makeTempFolder } from './temp.ts'

/** The folder of the chart. */
export const CHART = fileURLToPath(new URL('../../deploy/helm/portolan', import.meta.url))

const { found, missing } = findPrograms('helm')
/** Why nothing can be rendered, where it cannot. */
export const noHelm = missing

/** The two pieces that most values files share: which image, and the smallest config. */
export const BASE = {
  image: { repository: 'registry.example.com/portolan' },
  config: {
    version: 1,
    upstreams: [{ id: 'main', url: 'https://registry.example.com', at: 'gcp/us-central1' }],
  },
} as const

/** Runs helm with nothing of the user's own settings, and with these values if any. */
export async function helm(
  words: readonly string[],
  values?: object,
  helmProgram = found.helm,
): Promise<Ran> {
  await using folder = await makeTempFolder()
  const file = join(folder.path, 'values.yaml')
  // JSON is YAML.
  if (values) await writeFile(file, JSON.stringify(values))
  const env = {
    PATH: process.env.PATH,
    HOME: folder.path,
    HELM_CACHE_HOME: folder.path,
    HELM_CONFIG_HOME: folder.path,
    HELM_DATA_HOME: folder.path,
  }
  return await run(helmProgram, [...words, ...(values ? ['--values', file] : [])], { env })
}

/** What `helm template` prints for a release called `door`; a helm that Go built takes its cluster for an old one. */
export function template(values: object, words: readonly string[] = []): Promise<Ran> {
  const about = ['--namespace', 'registry', '--kube-version', '1.37.0']
  return helm(['template', 'door', CHART, ...about, ...words], values)
}

/** The objects of a release, read as the cluster reads them: YAML 1.1, no key twice. Throws with what helm said. */
export async function render(values: object, words: readonly string[] = []): Promise<readonly ApiObject[]> {
  const { code, stdout, stderr } = await template(values, words)
  // What is a warning is a mistake of the chart.
  if (code !== 0 || stderr !== '') throw new Error(`helm template ended with ${code}:\n${stderr}`)
  return readObjects(stdout.toString())
}

/** Reads what helm prints. */
export function readObjects(text: string): readonly ApiObject[] {
  return parseAllDocuments(text, { version: '1.1', uniqueKeys: true }).flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0]
    const object = document.toJS() as ApiObject | null
    return object === null ? [] : [object]
  })
}
