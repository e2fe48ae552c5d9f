import { lstat, realpath, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { findPrograms, runOk } from './programs.ts'
import { makeTempFolder } from './temp.ts'

const { found, missing } = findPrograms('dpkg-query', 'tar')

/** Why {@link packDebianRoot} cannot work here; `undefined` when it can. */
export const noDebianRoot = missing

/** What glibc and libstdc++ need, as `gcr.io/distroless/cc-debian12` has it. */
export const RUNTIME_PACKAGES = ['libc6', 'libgcc-s1', 'libstdc++6'] as const
/** With a shell, `tar` and `ldd`, as `debian:bookworm-slim` has them. */
export const BUILD_PACKAGES = [
  ...RUNTIME_PACKAGES,
  ...['bash', 'coreutils', 'dash', 'grep', 'gzip', 'libc-bin', 'sed', 'tar'],
  ...['libacl1', 'libattr1', 'libgmp10', 'libpcre2-8-0', 'libselinux1', 'libtinfo6'],
] as const

/** Of every machine with Debian 12, instead of folders. */
const LINKS = ['bin', 'lib', 'lib64', 'sbin'] as const

/**
 * Makes a tar archive of what packages of this Debian have installed, but for /usr/share: a root to import as an image
 * where none can be pulled.
 */
export async function packDebianRoot(packages: readonly string[], file: string): Promise<void> {
  await using folder = await makeTempFolder()
  const listed = (await runOk(found['dpkg-query'], ['--listfiles', ...packages])).toString().split('\n')
  const paths = new Set<string>()
  for (const path of listed) {
    if (!path.startsWith('/') || path.startsWith('/usr/share/')) continue
    const stat = await lstat(path).catch(() => undefined)
    // Packages say /bin/sh of what lies in /usr/bin.
    const place = stat && join(await realpath(dirname(path)), basename(path)).slice(1)
    if (place !== undefined && !stat!.isDirectory() && !isTop(place)) paths.add(place)
  }
  const list = join(folder.path, 'list')
  await writeFile(list, [...LINKS, ...paths].join('\n'))
  await runOk(found.tar, [
    ...['--create', '--file', file, '--directory', '/', '--no-recursion', '--files-from', list],
  ])
}

function isTop(place: string): boolean {
  return LINKS.some((link) => link === place)
}
