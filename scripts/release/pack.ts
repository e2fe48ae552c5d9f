import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** What `npm pack --json` says of a package, as far as it is needed. */
type Packed = readonly { readonly files: readonly { readonly path: string }[] }[]

/**
 * Packs the package as `npm publish` would, into `folder`. npm gives every file the same time and order, but leaves who
 * may read it as the user has it who made the clone; so that is set, in a copy, since it would be in the bytes.
 */
export function packPackage(root: string, folder: string): void {
  const [list] = JSON.parse(npmPack(root, '--dry-run', '--json')) as Packed
  const copy = mkdtempSync(join(tmpdir(), 'portolan-package-'))
  try {
    for (const { path } of list?.files ?? []) {
      const from = join(root, path)
      const to = join(copy, path)
      mkdirSync(dirname(to), { recursive: true })
      copyFileSync(from, to)
      chmodSync(to, (statSync(from).mode & 0o100) === 0 ? 0o644 : 0o755)
    }
    npmPack(copy, '--pack-destination', folder)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** It was built by now. */
function npmPack(cwd: string, ...words: string[]): string {
  return execFileSync('npm', ['pack', '--ignore-scripts', '--loglevel=error', ...words], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 16 * 1024 * 1024,
  })
}
