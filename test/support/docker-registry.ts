import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findFreePort } from './ports.ts'
import { findProgram } from './programs.ts'
import { makeTempFolder } from './temp.ts'
import { until } from './until.ts'

/** The registry that most of the world runs, as an upstream. */
export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string
  /** Every request so far that reads, as `METHOD path status`. */
  requests(): readonly string[]
  /** The same of those that write. */
  writes(): readonly string[]
}

/** The Debian package and the upstream project name the program differently. */
const NAMES = ['docker-registry', 'registry']

/** Why {@link startDockerRegistry} cannot work here; `undefined` when it can. */
export const noDockerRegistry = NAMES.some(findProgram)
  ? undefined
  : 'not on this machine: docker-registry (a Debian package)'

export interface DockerRegistryOptions {
  /** Whether it takes DELETE. */
  readonly deletes?: boolean
}

export async function startDockerRegistry({
  deletes = false,
}: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const program = NAMES.map(findProgram).find((path) => path !== undefined)
  if (program === undefined) throw new Error(noDockerRegistry)
  const folder = await makeTempFolder()
  const host = `127.0.0.1:${await findFreePort()}`
  const config = join(folder.path, 'config.yml')
  await mkdir(join(folder.path, 'content'))
  await writeFile(
    config,
    `version: 0.1
log: { level: info, formatter: json, accesslog: { disabled: false } }
storage: { filesystem: { rootdirectory: ${JSON.stringify(join(folder.path, 'content'))} }, delete: { enabled: ${deletes} } }
http: { addr: ${JSON.stringify(host)} }
`,
  )
  const child = spawn(program, ['serve', config], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  let printed = ''
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk) => {
      printed += chunk
    })
  }
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
    await folder[Symbol.asyncDispose]()
  }
  try {
    await until('docker-registry to answer', async () => {
      if (child.exitCode !== null)
        throw new Error(`docker-registry ended with ${child.exitCode}:\n${printed}`)
      return fetch(`http://${host}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      )
    })
  } catch (error) {
    await stop()
    throw error
  }
  return {
    host,
    requests: () => requestsOf(printed, 'GET|HEAD'),
    writes: () => requestsOf(printed, 'POST|PUT|PATCH|DELETE'),
    [Symbol.asyncDispose]: stop,
  }
}

/** From an access log in Apache's format: "GET /v2/ HTTP/1.1" 200 */
function requestsOf(printed: string, methods: string): string[] {
  const line = new RegExp(`"(${methods}) (\\S+) HTTP[^"]*" (\\d+)`, 'g')
  return [...printed.matchAll(line)].map((match) => match.slice(1).join(' '))
}
