import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { noDockerRegistry, startDockerRegistry } from './docker-registry.ts'
import { findFreePort } from './ports.ts'
import { findProgram } from './programs.ts'
import { makeTempFolder } from './temp.ts'
import { until } from './until.ts'

/** A registry that is pushed to: an empty one, in a folder or in memory of its own. */
export interface TargetRegistry extends AsyncDisposable {
  readonly host: string
}

/** One of the registries that pushing is tried with. */
export interface TargetRegistryKind {
  readonly name: string
  /** Why it cannot be tried here; `undefined` when it can. */
  readonly unable: string | undefined
  start(): Promise<TargetRegistry>
}

const DISTRIBUTION = findProgram('registry-v3')
const CRANE = findProgram('crane')

/** Registries of three authors, which differ in what they make of a push. */
export const TARGET_REGISTRIES: readonly TargetRegistryKind[] = [
  { name: "Debian's docker-registry", unable: noDockerRegistry, start: startDockerRegistry },
  {
    name: 'distribution 3',
    unable: DISTRIBUTION ? undefined : 'not on this machine: registry-v3 (distribution 3, built by Go)',
    start: startDistribution,
  },
  {
    name: 'go-containerregistry',
    unable: CRANE ? undefined : 'not on this machine: crane',
    start: () => startServer(CRANE!, (host) => ['registry', 'serve', '--address', host]),
  },
]

async function startDistribution(): Promise<TargetRegistry> {
  const folder = await makeTempFolder()
  const config = join(folder.path, 'config.yml')
  const content = join(folder.path, 'content')
  await mkdir(content)
  const write = (host: string) =>
    writeFile(
      config,
      `version: 0.1\nlog: { level: error }\nstorage: { filesystem: { rootdirectory: ${JSON.stringify(content)} } }\nhttp: { addr: ${JSON.stringify(host)} }\n`,
    )
  const registry = await startServer(DISTRIBUTION!, async (host) => {
    await write(host)
    return ['serve', config]
  })
  return {
    host: registry.host,
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

async function startServer(
  program: string,
  words: (host: string) => readonly string[] | Promise<readonly string[]>,
): Promise<TargetRegistry> {
  const host = `127.0.0.1:${await findFreePort()}`
  const child = spawn(program, await words(host), { stdio: 'ignore', env: { OTEL_TRACES_EXPORTER: 'none' } })
  const exited = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
  }
  try {
    await until(`${program} to answer`, async () => {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`)
      return fetch(`http://${host}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      )
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { host, [Symbol.asyncDispose]: stop }
}
