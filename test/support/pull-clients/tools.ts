import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { findPrograms, run } from '../programs.ts'
import { BY_HAND, MAX_WAIT, type PullClient } from './pull-client.ts'

interface Tool {
  readonly name: string
  /** By which option it waits no longer than {@link MAX_WAIT}; without one it is killed then. */
  readonly option?: string
  readonly isAlone?: boolean
  /** Its words for a pull into a folder that it may create. */
  words(host: string, image: string, target: string): readonly string[]
}

/** What a tool may take that ends by itself, in milliseconds. */
const LONGEST = 90_000

const TOOLS: readonly Tool[] = [
  {
    name: 'skopeo',
    option: '--command-timeout',
    words: (host, image, target) => [
      `--command-timeout=${MAX_WAIT / 1000}s`,
      ...['copy', '--quiet', '--src-tls-verify=false', `docker://${host}/${image}`, `dir:${target}`],
    ],
  },
  {
    name: 'podman',
    isAlone: true,
    words: (host, image, target) => [
      ...['--root', join(target, 'root'), '--runroot', join(target, 'run'), '--storage-driver', 'vfs'],
      ...['pull', '--quiet', '--tls-verify=false', `${host}/${image}`],
    ],
  },
  {
    name: 'crane',
    words: (host, image, target) => ['pull', '--insecure', '--format=oci', `${host}/${image}`, target],
  },
  {
    name: 'oras',
    words: (host, image, target) => [
      ...['copy', '--no-tty', '--from-plain-http', `${host}/${image}`, '--to-oci-layout', `${target}:pulled`],
    ],
  },
  {
    name: 'regctl',
    words: (host, image, target) => [
      ...[
        '--host',
        `reg=${host},tls=disabled`,
        'image',
        'copy',
        `${host}/${image}`,
        `ocidir://${target}:pulled`,
      ],
    ],
  },
]

/** The tools of the command line, each new for every try. */
export const TOOL_CLIENTS: readonly PullClient[] = TOOLS.map(({ name, option, isAlone, words }) => {
  const { found, missing } = findPrograms(name)
  return {
    name,
    missing,
    waitEnd: option === undefined ? `killed after ${MAX_WAIT / 1000} s` : `its ${option}`,
    pauses: BY_HAND,
    ...(isAlone && { isAlone }),
    async start(folder) {
      const home = join(folder, 'home')
      await mkdir(home)
      let tries = 0
      return {
        pull: (host, image) =>
          run(found[name]!, words(host, image, join(folder, `${++tries}`)), {
            timeout: option === undefined ? MAX_WAIT : LONGEST,
            env: { ...process.env, HOME: home },
          }),
        async [Symbol.asyncDispose]() {},
      }
    },
  }
})
