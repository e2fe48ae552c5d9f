import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeTempFolder } from '../../test/support/temp.ts'
import { parseConfigAgain, parseConfigFile } from './read-config.ts'

const CONFIG = 'version: 1\nupstreams: [{ id: a, url: "https://registry.example", at: anycast }]\n'

test('a config is read again as it was read at first', async () => {
  await using temp = await makeTempFolder()
  const file = join(temp.path, 'portolan.yaml')
  await writeFile(file, CONFIG)
  expect(await parseConfigAgain(file)).toEqual(await parseConfigFile(file))
})

test('a named pipe in the place of the config is refused at once, though nobody writes into it', async () => {
  await using temp = await makeTempFolder()
  const file = join(temp.path, 'portolan.yaml')
  execFileSync('mkfifo', [file])
  await expect(parseConfigAgain(file)).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: `cannot read ${file}: it is not a regular file`,
  })
})
