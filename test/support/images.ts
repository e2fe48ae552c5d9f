import { copyFile, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LICENCES } from '../../scripts/build/build-package.ts'
import { buildExecutables } from '../../scripts/build/executables.ts'
import { hostTarget } from '../../scripts/build/targets.ts'
import { writeImage } from '../../scripts/release/image.ts'
import { librariesOf } from '../../scripts/release/libraries.ts'
import { BUILD_PACKAGES, noDebianRoot, packDebianRoot, RUNTIME_PACKAGES } from './debian-root.ts'
import { packPackage } from './package.ts'
import { noPodman, openPodman, type Podman } from './podman.ts'
import { RUNTIMES } from './portolan.ts'
import { runOk } from './programs.ts'
import { makeTempFolder } from './temp.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const target = hostTarget()

/** Why {@link buildImages} cannot work here; `undefined` when it can. */
export const noImages =
  noPodman ?? noDebianRoot ?? (target === undefined ? 'no executable is made for this machine' : undefined)

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
  if (target === undefined) throw new Error(noImages)
  await using folder = await makeTempFolder()
  const file = (name: string) => join(folder.path, name)
  await packDebianRoot(BUILD_PACKAGES, file('debian.tar'))
  await addNode(file('debian.tar'))
  await packDebianRoot(RUNTIME_PACKAGES, file('libraries.tar'))
  const podman = await openPodman(file('debian.tar'))
  try {
    await podman.runOk(['import', '--quiet', file('libraries.tar'), 'libraries'])
    const context = file('package')
    await mkdir(context)
    await packPackage(context)
    await build(podman, 'node', context, 'Dockerfile', { NODE: 'root', BASE: 'libraries' })
    const [executable] = buildExecutables({
      ...{ root: ROOT, bundle: join(ROOT, 'dist'), folder: join(context, 'dist/executables') },
      targets: [target],
    })
    await copyFile(join(ROOT, 'LICENSE'), join(context, 'LICENSE'))
    await copyFile(join(ROOT, 'dist', LICENCES), join(context, 'dist/executables', LICENCES))
    const parts = { BASE: 'root', EXECUTABLE: relative(context, executable!) }
    await build(podman, 'executable', context, 'Dockerfile.executable', parts)
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

/** Where Node's own image has it. */
async function addNode(archive: string): Promise<void> {
  await using folder = await makeTempFolder()
  await mkdir(join(folder.path, 'usr/local/bin'), { recursive: true })
  await symlink(await realpath(RUNTIMES.node), join(folder.path, 'usr/local/bin/node'))
  await runOk('tar', [
    ...['--append', '--dereference', '--file', archive, '--directory', folder.path],
    'usr/local/bin/node',
  ])
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
  recipe: string,
  given: Readonly<Record<string, string>>,
): Promise<void> {
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
    ...['--tag', name, '--file', join(ROOT, 'deploy/docker', recipe), context],
  ])
}
