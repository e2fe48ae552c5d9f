import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPrograms, run } from '../programs.ts'
import { until } from '../until.ts'
import { BY_HAND, MAX_WAIT, type PullClient } from './pull-client.ts'

const { found, missing } = findPrograms('dockerd', 'docker', 'containerd')

/** Docker's daemon without networks of its own; it tries each blob five times before it says that a pull failed. */
export const DOCKER_CLIENT: PullClient = {
  name: 'docker',
  missing: missing ?? (process.getuid?.() === 0 ? undefined : 'dockerd runs as root only'),
  waitEnd: `killed after ${(3 * MAX_WAIT) / 1000} s`,
  pauses: BY_HAND,
  async start(folder) {
    // The machine's own settings may contradict these.
    const config = join(folder, 'daemon.json')
    await writeFile(config, '{}')
    const socket = `unix://${join(folder, 'd.sock')}`
    const child = spawn(
      found.dockerd,
      [
        ...['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=vfs'],
        ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
        ...['--pidfile', join(folder, 'd.pid'), '--host', socket, '--config-file', config],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let log = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log += text
    })
    const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
    const stop = async () => {
      child.kill('SIGTERM')
      await ended
    }
    try {
      await until(
        'dockerd to be up',
        () => {
          if (child.exitCode !== null) throw new Error(`dockerd ended with ${child.exitCode}:\n${log}`)
          return log.includes('API listen on')
        },
        60_000,
      )
    } catch (error) {
      await stop()
      throw error
    }
    return {
      pull: (host, image) =>
        run(found.docker, ['--host', socket, 'pull', '--quiet', `${host}/${image}`], {
          timeout: 3 * MAX_WAIT,
        }),
      [Symbol.asyncDispose]: stop,
    }
  },
}
