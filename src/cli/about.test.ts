import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { makeTempFolder } from '../../test/support/temp.ts'
import { about, formatAbout } from './about.ts'
import { commitOf } from './commit.ts'

it('says version, commit, runtime and the dates of the data', async () => {
  const text = formatAbout(await about())
  expect(text).toMatch(
    /^portolan \S+\ncommit {3}\S.*\nruntime {2}Node \S+, \S+ \S+\ndata {5}networks \d{4}-\d\d/,
  )
  expect(text).toContain(packageFile.version)
  expect(text.match(/\d{4}-\d\d-\d\d/g)).toHaveLength(4)
})

it('knows the commit of a repository, and whether files differ from it, but not of a folder inside of one', async () => {
  await using folder = await makeTempFolder()
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...words], {
      cwd: folder.path,
      encoding: 'utf8',
    })
  expect(commitOf(folder.path)).toBe('unknown')
  git('init', '--quiet')
  execFileSync('mkdir', [join(folder.path, 'inside')])
  execFileSync('touch', [join(folder.path, 'file')])
  git('add', 'file')
  git('commit', '--quiet', '--message=first')
  const commit = git('rev-parse', 'HEAD').trim()
  expect(commitOf(folder.path)).toBe(commit)
  expect(commitOf(join(folder.path, 'inside'))).toBe('unknown')
  execFileSync('sh', ['-c', 'echo changed > file'], { cwd: folder.path })
  expect(commitOf(folder.path)).toBe(`${commit}, changed`)
})
