import { expect, test } from 'vitest'
import { readBasicLogin } from './basic-login.ts'

const basic = (text: string, scheme = 'Basic') => `${scheme} ${Buffer.from(text).toString('base64')}`

test.each([
  [basic('jo:pa:ss'), { user: 'jo', password: 'pa:ss' }],
  [basic('jo:pä ss', 'BASIC'), { user: 'jo', password: 'pä ss' }],
  [basic('jo:', 'basic '), { user: 'jo', password: '' }],
  ['Basic am86eA', { user: 'jo', password: 'x' }],
])('%s is a login', (authorization, login) => expect(readBasicLogin(authorization)).toEqual(login))

test.each([
  '',
  'Basic',
  'Basic ',
  'Basic ====',
  'Basic a',
  'Basic am86e*==',
  `Bearer ${Buffer.from('jo:x').toString('base64')}`,
  basic('jo'),
  // What podman sends that has been asked for a login and has none.
  basic(':'),
  basic(':x'),
  basic('jo:x\0y'),
  basic('jo\n:x'),
  `Basic ${Buffer.from([0x6a, 0x3a, 0xff]).toString('base64')}`,
  `${basic('jo:x')}, ${basic('jo:y')}`,
])('%j is none', (authorization) => expect(readBasicLogin(authorization)).toBeUndefined())
