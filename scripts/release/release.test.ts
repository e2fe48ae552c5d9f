import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { run, runOk } from '../../test/support/programs.ts'
import { makeTempFolder } from '../../test/support/temp.ts'
import { packChart } from './chart.ts'
import { formatChecksums, readKey, signText } from './checksums.ts'
import { dateOfRelease } from './date.ts'
import { checkFolder } from './release.ts'

let folder: string
beforeEach(async () => {
  const made = await makeTempFolder()
  onTestFinished(() => made[Symbol.asyncDispose]())
  folder = made.path
})

describe('the date of a release', () => {
  const git = (...words: string[]) =>
    runOk('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...words], {
      cwd: folder,
      env: { ...process.env, GIT_COMMITTER_DATE: '2026-11-27T12:00:00Z' },
    })
  const commit = async () => {
    await git('init', '--quiet')
    await git('commit', '--quiet', '--allow-empty', '--message=first')
  }

  it('is that of its commit', async () => {
    await commit()
    expect(dateOfRelease(folder, undefined)).toEqual(new Date('2026-11-27T12:00:00Z'))
  })

  it('is that of its commit though `npm pack` left a package in the clone', async () => {
    await copyFile(join(import.meta.dirname, '../../.gitignore'), join(folder, '.gitignore'))
    await git('init', '--quiet')
    await git('add', '.gitignore')
    await git('commit', '--quiet', '--message=first')
    await writeFile(join(folder, 'portolan-0.1.0.tgz'), 'packed')
    expect(dateOfRelease(folder, undefined)).toEqual(new Date('2026-11-27T12:00:00Z'))
  })

  it('is SOURCE_DATE_EPOCH where that is set, and where there is no git', async () => {
    expect(dateOfRelease(folder, '86400')).toEqual(new Date('1970-01-02'))
    await commit()
    expect(dateOfRelease(folder, '86400')).toEqual(new Date('1970-01-02'))
  })

  it.each(['', 'today', '-1', '1e9', '99999999999'])('is not "%s"', (told) => {
    expect(() => dateOfRelease(folder, told)).toThrow(
      `SOURCE_DATE_EPOCH is "${told}"; it has to be whole seconds since 1970`,
    )
  })

  it('is none of files that are no commit', async () => {
    expect(() => dateOfRelease(folder, undefined)).toThrow(
      'a release needs a git repository, or SOURCE_DATE_EPOCH',
    )
    await commit()
    await writeFile(join(folder, 'new.md'), 'new')
    expect(() => dateOfRelease(folder, '86400')).toThrow(
      'of a commit alone, but git says "?? new.md": commit, move away or stash (git stash -u) what is not in it',
    )
  })

  it.each([
    ['shows no files but its own', 'status.showUntrackedFiles', 'no'],
    ['ignores it for this user', 'core.excludesFile', '.git/ignored'],
  ])('is none of a file that is no commit, though git %s', async (_, setting, value) => {
    await commit()
    await git('config', setting, value)
    await mkdir(join(folder, 'deploy'))
    await writeFile(join(folder, '.git/ignored'), '.env\n')
    await writeFile(join(folder, 'deploy/.env'), 'SECRET=1')
    expect(() => dateOfRelease(folder, undefined)).toThrow('but git says "?? deploy/')
  })

  it('is none of a repository that git does not read', async () => {
    await commit()
    await writeFile(join(folder, '.git/HEAD'), '')
    expect(() => dateOfRelease(folder, '86400')).toThrow(/^git says nothing of /)
  })
})

describe('checksums', () => {
  beforeEach(async () => {
    await writeFile(join(folder, 'one file'), 'one')
    await writeFile(join(folder, 'another'), 'other')
  })

  it('are what sha256sum checks, in order', async () => {
    const text = formatChecksums(folder)
    await writeFile(join(folder, 'SHA256SUMS'), text)
    const { code, stdout } = await run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: folder })
    expect({ code, stdout: String(stdout) }).toEqual({ code: 0, stdout: 'another: OK\none file: OK\n' })
  })

  it('are signed by an Ed25519 key, and by no other', async () => {
    const pem = (key: ReturnType<typeof generateKeyPairSync>['privateKey']) =>
      String(key.export({ type: 'pkcs8', format: 'pem' }))
    const { privateKey } = generateKeyPairSync('ed25519')
    await writeFile(join(folder, 'key'), pem(privateKey))
    const signature = signText('text', readKey(join(folder, 'key')))
    expect(verify(null, Buffer.from('text'), createPublicKey(privateKey), signature)).toBe(true)
    await writeFile(join(folder, 'key'), pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey))
    expect(() => readKey(join(folder, 'key'))).toThrow('holds a key of type ec; it has to be ed25519')
    await writeFile(join(folder, 'key'), 'no key')
    expect(() => readKey(join(folder, 'key'))).toThrow(/key is no private key in PEM/)
    expect(() => readKey(join(folder, 'missing'))).toThrow(/cannot read the key .*missing: ENOENT/)
  })
})

describe('the chart', () => {
  it('is none where there is no folder of one', () => {
    expect(packChart(join(folder, 'chart'), 'portolan', 0)).toBeUndefined()
  })

  it('is every file but those that .helmignore names, in order', async () => {
    const chart = join(folder, 'chart')
    await mkdir(join(chart, 'templates/tests'), { recursive: true })
    for (const file of [
      'values.yaml',
      'Chart.yaml',
      'templates/door.yaml',
      'templates/tests/notes.orig',
      'README.md',
    ]) {
      await writeFile(join(chart, file), file)
    }
    await writeFile(join(chart, '.helmignore'), '# editors\n*.orig\n.helmignore\n')
    await writeFile(join(folder, 'chart.tgz'), gzipSync(packChart(chart, 'portolan', 0)!))
    const listed = String(await runOk('tar', ['-tzf', 'chart.tgz'], { cwd: folder }))
    expect(listed.trim().split('\n')).toEqual([
      'portolan/',
      'portolan/Chart.yaml',
      'portolan/README.md',
      'portolan/templates/',
      'portolan/templates/door.yaml',
      'portolan/values.yaml',
    ])
    expect(await readFile(join(chart, 'Chart.yaml'), 'utf8')).toBe('Chart.yaml')
  })
})

describe('the folder of a release', () => {
  it('may be new or empty, and is nothing else', async () => {
    checkFolder(join(folder, 'new'))
    checkFolder(folder)
    await writeFile(join(folder, 'file'), '')
    expect(() => checkFolder(folder)).toThrow(`${folder} has to be an empty folder, or a new one`)
    expect(() => checkFolder(join(folder, 'file'))).toThrow(
      `${join(folder, 'file')} has to be an empty folder`,
    )
  })
})
