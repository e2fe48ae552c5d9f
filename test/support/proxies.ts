import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findFreePort } from './ports.ts'
import { findProgram, runOk } from './programs.ts'
import { makeTempFolder } from './temp.ts'
import { until } from './until.ts'

/** Where a door is. */
export interface DoorPorts {
  readonly port: number
  readonly adminPort: number
}

/** A proxy in front of doors, as `deploy/proxies` has it. */
export interface RunningProxy extends AsyncDisposable {
  readonly port: number
}

/** How a recipe of `deploy/proxies` is tried. */
export interface ProxyRecipe {
  readonly name: string
  readonly program: string | undefined
  /** How long a door that ends has to say so before it closes: as long as its balancer takes to ask, if that asks. */
  readonly shutdownDelay: string
  /** What is said by itself where no door can be reached. */
  readonly unreachable: { readonly code: string; readonly message: RegExp }
  /** Has the program itself check it, and runs it before these doors. */
  start(doors: readonly DoorPorts[]): Promise<RunningProxy>
}

/** The text of a file in `deploy/proxies`. */
export const recipe = (name: string) =>
  readFile(fileURLToPath(new URL(`../../deploy/proxies/${name}`, import.meta.url)), 'utf8')

const nginx = findProgram('nginx')
const envoy = findProgram('envoy')

export const PROXIES: readonly ProxyRecipe[] = [
  {
    name: 'nginx',
    program: nginx,
    // It asks nobody, but tries the next door where one does not answer.
    shutdownDelay: '0s',
    unreachable: { code: 'TOOMANYREQUESTS', message: /^no door can be reached$/ },
    async start(doors) {
      const port = await findFreePort()
      const site = replaced(await recipe('nginx.conf'), [
        ['listen 80;', `listen 127.0.0.1:${port};`],
        ['listen [::]:80;', ''],
        ['server 127.0.0.1:8080;', doors.map(({ port }) => `server 127.0.0.1:${port};`).join(' ')],
      ])
      return run(nginx!, port, 'nginx.conf', nginxConfig(site), (file, folder) => ({
        check: ['-t', '-p', folder, '-c', file],
        serve: ['-p', folder, '-c', file],
      }))
    },
  },
  {
    name: 'Envoy',
    program: envoy,
    shutdownDelay: '4s',
    unreachable: { code: 'UNSUPPORTED', message: /no healthy upstream|connection/ },
    async start(doors) {
      const port = await findFreePort()
      const config = replaced(await recipe('envoy.yaml'), [
        ['address: "::", port_value: 8000, ipv4_compat: true', `address: 127.0.0.1, port_value: ${port}`],
        ['port_value: 9901', `port_value: ${await findFreePort()}`],
        [/^ *- endpoint:[\s\S]*$/m, doors.map(envoyEndpoint).join('')],
      ])
      return run(envoy!, port, 'envoy.yaml', config, (file) => ({
        check: ['--mode', 'validate', '--config-path', file],
        serve: [
          ...['--config-path', file, '--disable-hot-restart', '--concurrency', '1', '--log-level', 'warning'],
          ...['--drain-time-s', '0'],
        ],
      }))
    },
  },
]

/** What Debian's /etc/nginx/nginx.conf says around it, but in the foreground and all in one folder. */
function nginxConfig(site: string): string {
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${name};`,
  )
  return `daemon off; pid nginx.pid; worker_processes 1; error_log stderr warn;
events { worker_connections 256; }
http { access_log off; ${scratch.join(' ')}
${site} }`
}

function envoyEndpoint({ port, adminPort }: DoorPorts): string {
  const socket = `{ socket_address: { address: 127.0.0.1, port_value: ${port} } }`
  return `              - endpoint: { address: ${socket}, health_check_config: { port_value: ${adminPort} } }\n`
}

/** Puts a test's ports where the recipe has its own; throws where it no longer has them. */
export function replaced(
  text: string,
  pairs: readonly (readonly [old: string | RegExp, new: string])[],
): string {
  return pairs.reduce((now, [before, after]) => {
    const then = now.replace(before, after)
    if (then === now) throw new Error(`the recipe no longer has ${before}`)
    return then
  }, text)
}

async function run(
  program: string,
  port: number,
  name: string,
  config: string,
  wordsFor: (file: string, folder: string) => { check: readonly string[]; serve: readonly string[] },
): Promise<RunningProxy> {
  const folder = await makeTempFolder()
  // nginx's workers are somebody else, who has to get in.
  await chmod(folder.path, 0o755)
  const file = join(folder.path, name)
  await writeFile(file, config)
  const { check, serve } = wordsFor(file, folder.path)
  await runOk(program, check)
  const child = spawn(program, serve, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  let printed = ''
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk) => {
      printed += chunk
    })
  }
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    await folder[Symbol.asyncDispose]()
  }
  try {
    await until(`${program} to listen`, () => {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}:\n${printed}`)
      return fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' }).then(
        () => true,
        () => false,
      )
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { port, [Symbol.asyncDispose]: stop }
}
