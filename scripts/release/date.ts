import { execFileSync } from 'node:child_process'

/**
 * When the commit was made that is released; SOURCE_DATE_EPOCH counts more (reproducible-builds.org), and stands in for
 * it where there is no git. Throws an `Error` when the folder has files that are not the commit's: they would be in what
 * is released, or missing from it.
 */
export function dateOfRelease(root: string, told = process.env.SOURCE_DATE_EPOCH): Date {
  const git = (...words: string[]) =>
    execFileSync('git', words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  let seconds = told
  try {
    const [changed] = git('status', '--porcelain').split('\n')
    if (changed !== '')
      throw new Changed(
        `a release is of a commit alone, but git says "${changed}": commit, move away or stash (git stash -u) what is not in it`,
      )
    seconds ??= git('show', '--no-patch', '--format=%ct', 'HEAD')
  } catch (error) {
    if (error instanceof Changed) throw error
  }
  if (seconds === undefined) throw new Error('a release needs a git repository, or SOURCE_DATE_EPOCH')
  if (!/^\d{1,10}$/.test(seconds)) {
    throw new Error(`SOURCE_DATE_EPOCH is "${seconds}"; it has to be whole seconds since 1970`)
  }
  return new Date(Number(seconds) * 1000)
}

class Changed extends Error {}
