import { execFileSync } from 'node:child_process'
import { realpathSync } from 'node:fs'

/** What the build puts in place of this name; sources know no such thing. */
declare const PORTOLAN_COMMIT: string | undefined

/** The commit that this program was built from; of sources, the one that is checked out; `unknown` without git. */
export function ownCommit(): string {
  if (typeof PORTOLAN_COMMIT === 'string') return PORTOLAN_COMMIT
  return commitOf(import.meta.dirname.replace(/[\\/]src[\\/]cli$/, ''))
}

/** The commit checked out in a folder, with `, changed` when files differ from it; `unknown` when it is no repository. */
export function commitOf(folder: string): string {
  const git = (...words: string[]) =>
    execFileSync('git', words, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    // A package that was unpacked somewhere in another project's repository is none of its commits.
    if (git('rev-parse', '--show-toplevel') !== realpathSync(folder)) return 'unknown'
    const changed = git('status', '--porcelain', '--untracked-files=no') !== ''
    return `${git('rev-parse', 'HEAD')}${changed ? ', changed' : ''}`
  } catch {
    return 'unknown'
  }
}
