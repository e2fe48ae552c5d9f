import { expect, it } from 'vitest'
import { compileReach } from './patterns.ts'

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
