import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A client whose own settings, or whose user, are wrong; no registry is to blame. */
export interface WrongCommand {
  readonly id: string
  readonly cause: string
  /** By the name of each client, the words that it is started with. */
  readonly words: Readonly<Record<string, readonly string[]>>
}

const SOUND = 'sound.example/team/app:1.0'
const BAD_NAME = 'sound.example/Team/App:1.0'

/** The commands, with the settings that they name written into a folder. */
export async function wrongCommands(folder: string): Promise<readonly WrongCommand[]> {
  const file = (name: string) => join(folder, name)
  await writeFile(file('policy.json'), '{"default":[{"type":"reject"}]}')
  const target = file('target')
  const roots = ['--root', file('root'), '--runroot', file('run'), '--storage-driver', 'vfs']
  const nowhere = file('nowhere.sock')
  return [
    {
      id: 'no-daemon',
      cause: 'runtime-unreachable',
      words: {
        docker: ['--host', `unix://${nowhere}`, 'pull', SOUND],
        crictl: [`--image-endpoint=unix://${nowhere}`, '--timeout=3s', 'pull', SOUND],
        ctr: ['--address', nowhere, '--connect-timeout=2s', 'images', 'pull', SOUND],
      },
    },
    {
      id: 'policy',
      cause: 'signature-refused',
      words: {
        skopeo: ['--policy', file('policy.json'), 'copy', `docker://${SOUND}`, `dir:${target}`],
        podman: [...roots, 'pull', '--signature-policy', file('policy.json'), SOUND],
        buildah: [...roots, 'from', '--signature-policy', file('policy.json'), SOUND],
      },
    },
    {
      id: 'blocked',
      cause: 'blocked-by-config',
      words: {
        skopeo: ['copy', 'docker://blocked.example/team/app:1.0', `dir:${target}`],
        podman: [...roots, 'pull', 'blocked.example/team/app:1.0'],
        buildah: [...roots, 'from', 'blocked.example/team/app:1.0'],
      },
    },
    {
      id: 'short-name',
      cause: 'short-name',
      words: { podman: [...roots, 'pull', 'someapp'], buildah: [...roots, 'from', 'someapp'] },
    },
    {
      id: 'bad-name',
      cause: 'name-invalid',
      words: {
        skopeo: ['copy', `docker://${BAD_NAME}`, `dir:${target}`],
        podman: [...roots, 'pull', BAD_NAME],
        buildah: [...roots, 'from', BAD_NAME],
        crane: ['pull', BAD_NAME, target],
        oras: ['copy', '--no-tty', BAD_NAME, '--to-oci-layout', `${target}:pulled`],
        regctl: ['image', 'copy', BAD_NAME, `ocidir://${target}:pulled`],
        helm: ['pull', 'oci://sound.example/Team/App', '--version', '1.0.0'],
        cosign: ['save', '--dir', target, BAD_NAME],
        docker: ['--host', `unix://${nowhere}`, 'pull', BAD_NAME],
      },
    },
  ]
}

/** The settings that the commands need, beside those of all. */
export async function commandEnvironment(folder: string): Promise<NodeJS.ProcessEnv> {
  const file = join(folder, 'registries.conf')
  await writeFile(
    file,
    'unqualified-search-registries = []\n[[registry]]\nlocation = "blocked.example"\nblocked = true\n',
  )
  return { CONTAINERS_REGISTRIES_CONF: file }
}
