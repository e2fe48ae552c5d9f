import { hashSync } from 'bcryptjs'
import { expect, test } from 'vitest'
import { createPasswordRuntime } from './password-runtime.ts'

const HASH = hashSync('pä ss', 4)

test.each([
  ['the right password', 'pä ss', HASH, true],
  ['a wrong one', 'pa ss', HASH, false],
  ['an empty one', '', HASH, false],
  ['one for a hash of Apache', 'pä ss', HASH.replace('$2b$', '$2y$'), true],
  ['one for a hash of old', 'pä ss', HASH.replace('$2b$', '$2a$'), true],
  ['any for the hash of nobody', 'pä ss', `$2b$04$${'.'.repeat(53)}`, false],
])('%s is told from others in another thread', async (_, password, hash, expected) => {
  expect(await createPasswordRuntime().verify(password, hash)).toBe(expected)
})

test('several are checked one after the other, and what the library cannot read is an error of its own', async () => {
  const { verify } = createPasswordRuntime()
  const answers = await Promise.allSettled([
    verify('pä ss', HASH),
    verify('x', HASH.replace('$2b', '$9z')),
    verify('pä ss', HASH),
  ])
  expect(answers).toMatchObject([{ value: true }, { reason: expect.any(Error) }, { value: true }])
})
