import { expect, it } from 'vitest'
import { compilePattern, compileReach } from './patterns.ts'

it.each([
  ['*', 'pause', true],
  ['*', 'coredns/coredns', false],
  ['**', 'coredns/coredns', true],
  ['coredns/*', 'coredns/coredns', true],
  ['kube-{proxy,scheduler}', 'kube-proxy', true],
  ['kube-{proxy,scheduler}', 'kube-controller', false],
  ['v1.[0-9]', 'v1.2', true],
  ['v1.?', 'v1.29', false],
  ['!(latest|main)', 'v1', true],
  ['!(latest|main)', 'main', false],
  ['!latest', 'v1', false],
  ['*', '.hidden', true],
  ['V1', 'v1', false],
  ['/^v1\\.\\d+$/', 'v1.29', true],
  ['/^v1\\.\\d+$/', 'v1.29.0', false],
  ['/rc/', 'v1.0.0-rc.1', true],
  ['//', 'anything', false],
])('%s for %s: %s', (pattern, value, expected) => {
  expect(compilePattern(pattern)(value)).toBe(expected)
})

it.each(['', '/(/', '/[z-a]/'])('refuses %j, naming it', (pattern) => {
  expect(() => compilePattern(pattern)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(JSON.stringify(pattern)),
    }),
  )
})

it.each<[include: string[], exclude: string[], path: string, expected: boolean]>([
  [[], [], 'a', true],
  [['team/tool'], [], 'team', true],
  [['team/tool'], [], 'team/tool', true],
  [['team/tool'], [], 'team/tool/below', true],
  [['team/tool'], [], 'tea', false],
  [['team/tool'], [], 'team/tools', false],
  [['team/**', 'x'], [], 'team/a/b', true],
  [['team/**', 'x'], [], 'other', false],
  [['kube-*'], [], 'other', true],
  [['/^team/'], [], 'other', true],
  [[], ['cache/**'], 'cache', false],
  [[], ['cache/**'], 'cache/a/b', false],
  [[], ['cache/*'], 'cache/a', true],
  [[], ['cache'], 'cache', true],
  [[], ['/cache/**/'], 'cache', true],
])(
  'with %j and without %j, something at %s or below may be chosen: %s',
  (include, exclude, path, expected) => {
    expect(compileReach({ include, exclude })(path)).toBe(expected)
  },
)
