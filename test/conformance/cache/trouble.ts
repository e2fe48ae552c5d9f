import { spawnSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { COMPILED } from '../../support/compiled.ts'
import { RUNTIMES, type RuntimeName } from '../../support/portolan.ts'
import { run } from '../../support/programs.ts'
import { makeTempFolder } from '../../support/temp.ts'

const PROGRAM = fileURLToPath(new URL('trouble-process.ts', import.meta.url))
/** In a mount namespace of its own, which goes with the process. */
const DISK = 'mount -t tmpfs -o size=12m portolan-test "$1" && exec "$2" "$3" "$1"'
const canMount =
  spawnSync('unshare', ['--mount', 'sh', '-c', 'mount -t tmpfs -o size=1m portolan-test /mnt']).status === 0
if (!canMount) console.info('a mirror on a disk that fails: skipped, this user may not mount')

/** A disk that is full before its time, full of what cannot go, read-only, and gone. */
export function describeTrouble(runtime: RuntimeName): void {
  it.skipIf(!canMount)(
    `a mirror on ${runtime} makes do without its disk, and has it again without restart`,
    async () => {
      await using temp = await makeTempFolder()
      const disk = join(temp.path, 'disk')
      await mkdir(disk)
      const words = ['--mount', 'sh', '-c', DISK, 'sh', disk, RUNTIMES[runtime], PROGRAM]
      const env = { PATH: process.env.PATH, ...COMPILED }
      const { code, stdout, stderr } = await run('unshare', words, { env })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const seen = JSON.parse(stdout.toString())
      expect(seen.full).toEqual(Array(20).fill('kept'))
      expect(seen.stuffed).toContain('broke off')
      expect(seen.stuffed.at(-1)).toBe('not taken')
      expect(seen.afterFull).toEqual(['kept'])
      expect(seen.readOnly).toBe(0)
      expect(seen.refused).toEqual(['broke off', 'not taken', 'not taken'])
      expect(seen).toMatchObject({ readable: 1_500_000, troubleReadOnly: 'EROFS', afterReadOnly: ['kept'] })
      expect(seen).toMatchObject({ gone: ['broke off'], readGone: null, afterGone: ['kept'] })
      // It was made anew, with nothing in it but what came since.
      expect(seen.used).toBe(Math.ceil(1_500_000 / 4096) * 4096)
      expect(seen.reasons.filter((reason: unknown) => reason !== undefined && reason !== null)).toEqual(
        expect.arrayContaining(['ENOSPC', 'EROFS', 'ENOENT']),
      )
    },
  )
}
