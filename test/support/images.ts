import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildExecutables } from '../../scripts/build/executables.ts'
import { targetsNamed } from '../../scripts/build/targets.ts'
import { writeImage } from '../../scripts/release/image.ts'
import { librariesOf } from '../../scripts/release/libraries.ts'
import { BUILD_PACKAGES, packDebianRoot, RUNTIME_PACKAGES } from './debian-root.ts'
import { packPackage } from './package.ts'
import { openPodman, type Podman } from './podman.ts'
import { RUNTIMES } from './portolan.ts'
import { makeTempFolder } from './temp.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Podman with our images: `node` and `executable`, built by the files of `deploy/docker`, and `released`, the archive of
 * a release.
 */
export interface Images extends Podman {
  /** In bytes. */
  sizeOf(image: string): Promise<number>
}

/**
 * Builds them on files of this Debian's own packages and the Node that the tests run on, in place of images that would
 * have to be pulled: no registry but a door is asked.
 */
export async function buildImages(): Promise<Images> {
  await using folder = await makeTempFolder()
  const file = (name: string) => join(folder.path, name)
  await packDebianRoot(BUILD_PACKAGES, file('debian.tar'))
  await packDebianRoot(RUNTIME_PACKAGES, file('libraries.tar'))
  const podman = await openPodman(file('debian.tar'))
  try {
    await podman.runOk(['import', '--quiet', file('libraries.tar'), 'libraries'])
    await build(podman, 'debian-node', await nodeContext(file('debian-node')))
    const context = file('package')
    await mkdir(context)
    await packPackage(context)
    await build(podman, 'node', context, 'Dockerfile', { NODE: 'debian-node', BASE: 'libraries' })
    const [executable] = makeExecutable(join(context, 'dist/executables'))
    await build(podman, 'executable', context, 'Dockerfile.executable', { BASE: 'root' })
    await load(podman, 'released', executable!, file('released.tar'))
  } catch (error) {
    await podman[Symbol.asyncDispose]()
    throw error
  }
  return {
    ...podman,
    sizeOf: async (image) => Number(await podman.runOk(['inspect', '--format', '{{.Size}}', image])),
  }
}

/** What stands for the image that Node's project publishes. */
async function nodeContext(context: string): Promise<string> {
  await mkdir(context)
  await copyFile(RUNTIMES.node, join(context, 'node'))
  await writeFile(
    join(context, 'Containerfile'),
    'FROM localhost/root\nCOPY node /usr/local/bin/node\nENV PATH=/usr/local/bin:/usr/bin:/bin\n',
  )
  return context
}

/** Of the bundle, which was made for the package. */
function makeExecutable(folder: string): string[] {
  return buildExecutables({
    root: ROOT,
    bundle: join(ROOT, 'dist'),
    folder,
    targets: targetsNamed(['linux-x64']),
  })
}

/** What `.ci/release` makes, without a container tool. */
async function load(podman: Podman, name: string, executable: string, archive: string): Promise<void> {
  const image = writeImage({
    ...{ version: name, commit: 'unknown', date: new Date(0), architecture: 'amd64' },
    executable: await readFile(executable),
    libraries: librariesOf(executable),
    licences: new Uint8Array(),
  })
  await writeFile(archive, image)
  await podman.runOk(['load', '--quiet', '--input', archive])
  await podman.runOk(['tag', `localhost/portolan:${name}`, name])
}

async function build(
  podman: Podman,
  name: string,
  context: string,
  recipe?: string,
  given: Readonly<Record<string, string>> = {},
): Promise<void> {
  const file = recipe === undefined ? join(context, 'Containerfile') : join(ROOT, 'deploy/docker', recipe)
  const words = Object.entries(given).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`])
  await podman.runOk([
    // OCI's own format has no HEALTHCHECK.
    ...[
      'build',
      '--quiet',
      '--layers=false',
      '--format',
      'docker',
      '--isolation',
      'chroot',
      '--network',
      'host',
      ...words,
    ],
    ...['--tag', name, '--file', file, context],
  ])
}
