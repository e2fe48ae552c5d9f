import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPrograms, run, runOk } from '../support/programs.ts'
import { AT } from './faults.ts'

const { found, missing } = findPrograms('ip', 'iptables', 'mount', 'umount', 'unshare', 'openssl')

/** Why no network of one's own can be made here; `undefined` when it can. */
export const noOwnNetwork =
  missing ?? (process.getuid?.() === 0 ? undefined : 'networks are made as root only')

/** The words that run a program where there is no network but its own loopback, and mounts are its own. */
export function inOwnNetwork(words: readonly string[]): readonly [program: string, words: readonly string[]] {
  return [found.unshare, ['--net', '--mount', ...words]]
}

/** Lays out the network of a harvest, in which a few addresses cannot be reached, each in another way. */
export async function layOutNetwork(folder: string): Promise<void> {
  await runOk(found.ip, ['link', 'set', 'lo', 'up'])
  await runOk(found.ip, ['address', 'add', `${AT.registry}/24`, 'dev', 'lo'])
  await runOk(found.ip, ['route', 'add', 'unreachable', AT.noRoute])
  await runOk(found.iptables, ['-A', 'OUTPUT', '-d', AT.dropped, '-j', 'DROP'])
  const reject = ['-d', AT.rejected, '-j', 'REJECT', '--reject-with', 'icmp-host-unreachable']
  // Not every kernel has it.
  await run(found.iptables, ['-A', 'OUTPUT', ...reject])
  await mkdir(folder, { recursive: true })
  for (const [name, text] of [
    ['resolv.conf', `nameserver ${AT.nameServer}\noptions timeout:2 attempts:1\n`],
    ['hosts', '127.0.0.1 localhost\n'],
  ] as const) {
    await writeFile(join(folder, name), text)
    await runOk(found.mount, ['--bind', join(folder, name), `/etc/${name}`])
  }
}

/** Mounts a small disk, or one that nobody may write to, until it is disposed of. */
export async function mountDisk(
  folder: string,
  kind: 'small disk' | 'read-only disk',
): Promise<AsyncDisposable> {
  const options = kind === 'small disk' ? 'size=10m' : 'size=1m,ro'
  await runOk(found.mount, ['-t', 'tmpfs', '-o', options, 'none', folder])
  return {
    async [Symbol.asyncDispose]() {
      await run(found.umount, ['--lazy', folder])
    },
  }
}
