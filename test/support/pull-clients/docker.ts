import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startDaemon } from '../daemon.ts'
import { findPrograms, run } from '../programs.ts'
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
    const daemon = await startDaemon(
      found.dockerd,
      [
        ...['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=vfs'],
        ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
        ...['--pidfile', join(folder, 'd.pid'), '--host', socket, '--config-file', config],
      ],
      'API listen on',
    )
    return {
      pull: (host, image) =>
        run(found.docker, ['--host', socket, 'pull', '--quiet', `${host}/${image}`], {
          timeout: 3 * MAX_WAIT,
        }),
      [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
    }
  },
}
