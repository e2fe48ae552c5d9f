import { expect, test } from 'vitest'
import { formatListenAddress, listenAddressesCollide, parseListenAddress } from './listen-address.ts'

test.each([
  ['0.0.0.0:8080', { host: '0.0.0.0', port: 8080 }],
  [':8080', { host: '', port: 8080 }],
  ['[::]:8080', { host: '::', port: 8080 }],
  ['[2001:db8::1]:0', { host: '2001:db8::1', port: 0 }],
  ['localhost:65535', { host: 'localhost', port: 65_535 }],
  ['door-1.example:1', { host: 'door-1.example', port: 1 }],
])('%s is read, and written back', (text, address) => {
  expect(parseListenAddress(text)).toEqual(address)
  expect(formatListenAddress(address)).toBe(text)
})

test.each([
  '',
  '8080',
  'localhost',
  'localhost:',
  ':65536',
  ':-1',
  ':1e3',
  ':http',
  '::1:8080',
  '[::1]',
  '[::g]:1',
  '[127.0.0.1]:1',
  '256.0.0.1:1',
  '1.2.3:1',
  'a b:1',
  '-a:1',
  'http://a:1',
])('%j is none', (text) => {
  expect(parseListenAddress(text)).toBeUndefined()
})

test.each([
  ['0.0.0.0:1', '127.0.0.1:1', true],
  [':1', '[::1]:1', true],
  ['127.0.0.1:1', '127.0.0.1:1', true],
  ['127.0.0.1:1', '127.0.0.2:1', false],
  ['127.0.0.1:1', '127.0.0.1:2', false],
  [':0', ':0', false],
])('%s and %s collide: %s', (one, other, collide) => {
  expect(listenAddressesCollide(parseListenAddress(one)!, parseListenAddress(other)!)).toBe(collide)
})
