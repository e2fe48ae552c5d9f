import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * When the commit was made that is released; SOURCE_DATE_EPOCH counts more (reproducible-builds.org), and stands in for
 * it where there is no git. Throws an `Error` when the folder has files that are not the commit's: they would be in what
 * is released, or missing from it.
 */
export function dateOfRelease(root: string, told = process.env.SOURCE_DATE_EPOCH): Date {
  const committed = existsSync(join(root, '.git')) ? dateOfCommit(root) : undefined
  const seconds = told ?? committed
  if (seconds === undefined) throw new Error('a release needs a git repository, or SOURCE_DATE_EPOCH')
  if (!/^\d{1,10}$/.test(seconds)) {
    throw new Error(`SOURCE_DATE_EPOCH is "${seconds}"; it has to be whole seconds since 1970`)
  }
  return new Date(Number(seconds) * 1000)
}

/** In seconds since 1970. */
function dateOfCommit(root: string): string {
  const git = (...words: string[]) =>
    execFileSync('git', words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  let changed: string
  let unknown: string
  let seconds: string
  try {
    ;[changed = ''] = git('status', '--porcelain', '--untracked-files=no').split('\n')
    // What git ignores by this user's own settings alone counts, too: a file of secrets, perhaps, would be packed.
    ;[unknown = ''] = git('ls-files', '--others', '--directory', '--exclude-per-directory=.gitignore').split(
      '\n',
    )
    seconds = git('show', '--no-patch', '--format=%ct', 'HEAD')
  } catch (error) {
    throw new Error(`git says nothing of ${root}: ${error instanceof Error ? error.message : error}`)
  }
  const found = changed === '' ? unknown && `?? ${unknown}` : changed
  if (found === '') return seconds
  throw new Error(
    `a release is of a commit alone, but git says "${found}": commit, move away or stash (git stash -u) what is not in it`,
  )
}
