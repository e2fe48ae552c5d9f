import { expect, test } from 'vitest'
import { parsePrefix } from '../net/prefix.ts'
import { isPublicPrefix } from './public-prefix.ts'

test.each([
  ['1.0.0.0/8', true],
  ['9.255.255.0/24', true],
  ['11.0.0.0/8', true],
  ['10.0.0.0/8', false],
  ['10.1.2.3/32', false],
  ['8.0.0.0/6', false], // holds 10.0.0.0/8
  ['100.63.0.0/16', true],
  ['100.64.0.0/16', false],
  ['172.32.0.0/16', true],
  ['172.31.0.0/16', false],
  ['192.0.1.0/24', true],
  ['192.0.2.0/24', false],
  ['223.255.255.0/24', true],
  ['224.0.0.0/24', false],
  ['255.255.255.255/32', false],
  ['2600:1f00::/24', true],
  ['2001:200::/32', true],
  ['2001:0::/32', false], // Teredo
  ['2002:808:808::/48', false],
  ['2000::/3', false], // all of it holds the special ones
  ['::/0', false],
  ['::1/128', false],
  ['64:ff9b::/96', false],
  ['fd12::/16', false],
  ['fe80::/10', false],
  ['ff02::/16', false],
])('%s: %s', (text, expected) => {
  expect(isPublicPrefix(parsePrefix(text))).toBe(expected)
})
