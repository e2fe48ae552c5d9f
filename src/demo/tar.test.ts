import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { writeTar } from './tar.ts'

const FILES = [
  { path: 'empty', bytes: new Uint8Array() },
  { path: 'etc/one/block.txt', bytes: Buffer.alloc(512, 'x') },
  { path: 'etc/hello.txt', bytes: Buffer.from('hello\n') },
  { path: 'bin/run', bytes: Buffer.alloc(1000, 1), executable: true },
]

test('the tar program unpacks what it writes, with every folder, byte and mode', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-'))
  try {
    await writeFile(join(folder, 'a.tar'), writeTar(FILES))
    const tar = (...options: string[]) => promisify(execFile)('tar', options, { cwd: folder })
    const { stdout } = await tar('-tf', 'a.tar')
    expect(stdout.trim().split('\n')).toEqual([
      'empty',
      'etc/',
      'etc/one/',
      'etc/one/block.txt',
      'etc/hello.txt',
      'bin/',
      'bin/run',
    ])
    await tar('-xpf', 'a.tar')
    for (const { path, bytes, executable } of FILES) {
      expect(Buffer.from(bytes).equals(await readFile(join(folder, path)))).toBe(true)
      expect((await stat(join(folder, path))).mode & 0o777).toBe(executable ? 0o755 : 0o644)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('the same files give the same bytes', () => {
  expect(writeTar(FILES).equals(writeTar(FILES))).toBe(true)
})

test.each([
  ['a path of 101 bytes', 'a'.repeat(101), 0],
  ['a time after 2242', 'file', 8 ** 11],
])('%s is refused, which would be cut off', (_, path, time) => {
  expect(() => writeTar([{ path, bytes: new Uint8Array() }], time)).toThrow(RangeError)
})
