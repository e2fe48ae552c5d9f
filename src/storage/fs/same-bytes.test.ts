import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { haveSameBytes } from './same-bytes.ts'

const BYTES = Buffer.alloc(700_000, 'as they are ')
const altered = (at: number) => {
  const bytes = Buffer.from(BYTES)
  bytes[at]! ^= 1
  return bytes
}

it.each<[string, Buffer | undefined, boolean]>([
  ['the same', BYTES, true],
  ['another first byte', altered(0), false],
  ['another byte in a later piece', altered(600_000), false],
  ['another last byte', altered(BYTES.length - 1), false],
  ['one byte fewer', BYTES.subarray(1), false],
  ['one byte more', Buffer.concat([BYTES, BYTES.subarray(0, 1)]), false],
  ['nothing that can be read', undefined, false],
])('compares with a file that has %s', async (_, other, same) => {
  await using folder = await makeTempFolder()
  const [one, two] = [join(folder.path, 'one'), join(folder.path, 'two')]
  await writeFile(one, BYTES)
  if (other !== undefined) await writeFile(two, other)
  const handle = await open(one)
  expect(await haveSameBytes(handle, two, BYTES.length)).toBe(same)
  await handle.close()
})
