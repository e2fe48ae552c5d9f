import { expect, test } from 'vitest'
import { parseHtpasswd } from './htpasswd.ts'

const HASH = `$2y$05$${'a'.repeat(53)}`

test('users are read with their hashes, between comments and empty lines, whatever ends a line', () => {
  const text = `# of the mirror\njo:${HASH}\r\n\n  ann@acme.example:${HASH.replace('$2y', '$2b')}\n`
  expect([...parseHtpasswd(text, 'users').entries()]).toEqual([
    ['jo', HASH],
    ['ann@acme.example', HASH.replace('$2y', '$2b')],
  ])
})

test.each([
  ['nobody', '# none yet\n', 'users names no user'],
  ['a line without a colon', `jo:${HASH}\nsecret\n`, 'users, line 2: is not USER:HASH'],
  ['a hash without a user', `:${HASH}\n`, 'users, line 1: is not USER:HASH'],
  [
    'MD5, as htpasswd writes by default',
    'jo:$apr1$secret$secretsecret\n',
    'the password of "jo" is not kept by bcrypt',
  ],
  ['SHA-1', 'jo:{SHA}secret=\n', 'write it with "htpasswd -B"'],
  ['plain text', 'jo:secret\n', 'the password of "jo" is not kept by bcrypt'],
  ['a hash that is cut off', `jo:${HASH.slice(0, -1)}\n`, 'is not kept by bcrypt'],
  ['$2x$, which is a fault of old', `jo:${HASH.replace('$2y', '$2x')}\n`, 'is not kept by bcrypt'],
  ['a cost of hours', `jo:${HASH.replace('$05', '$31')}\n`, 'the cost of "jo" is 31; allowed are 4 to 15'],
  ['a cost of nothing', `jo:${HASH.replace('$05', '$03')}\n`, 'the cost of "jo" is 3'],
  ['a user twice', `jo:${HASH}\njo:${HASH}\n`, 'users, line 2: "jo" stands there twice'],
])('a file with %s is refused, and no hash repeated', (_, text, message) => {
  expect(() => parseHtpasswd(text, 'users')).toThrow(message)
  expect(() => parseHtpasswd(text, 'users')).not.toThrow(/secret|aaaa/)
})

test('more users than a file is for are refused', () => {
  const text = Array.from({ length: 10_001 }, (_, index) => `u${index}:${HASH}\n`).join('')
  expect(() => parseHtpasswd(text, 'users')).toThrow('users, line 10001: there are more than 10000 users')
})
