import { expect, it } from 'vitest'
import { coresWithin, workersFor, workersOn } from './cores.ts'

it.each<[string, number, Record<string, string>]>([
  ['no cgroup v2', 8, { '/proc/self/cgroup': '1:cpu:/\n' }],
  ['nothing to read', 8, {}],
  ['no limit', 8, { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }],
  [
    'half of what there is',
    4,
    { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '400000 100000\n' },
  ],
  ['part of one core', 2, { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '250000 100000\n' }],
  ['less than one core', 1, { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '50000 100000\n' }],
  ['more than there are', 8, { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '9900000 100000\n' }],
  [
    'a limit of a group above',
    3,
    {
      '/proc/self/cgroup': '0::/system.slice/portolan.service\n',
      '/sys/fs/cgroup/system.slice/portolan.service/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/system.slice/cpu.max': '300000 100000\n',
    },
  ],
  ['what makes no sense', 8, { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'some\n' }],
])('of 8 processors and %s, %i are used', (_, cores, files) => {
  expect(coresWithin(8, (path) => files[path])).toBe(cores)
})

it.each([
  ['linux', 'auto', 4],
  ['linux', 2, 2],
  ['darwin', 'auto', 1],
  ['darwin', 1, 1],
] as const)('on %s, %s are %i', (platform, wanted, count) => {
  expect(workersOn(platform, wanted, () => 4)).toBe(count)
})

it('several are refused where they cannot share a port', () => {
  expect(() => workersOn('win32', 2, () => 4)).toThrow(
    '--workers 2: on win32 only one process can have a port',
  )
})

it.each([
  ['a cache', { folder: '/kept', size: 1, pin: [], platforms: [] }, 'auto', 1],
  ['a cache', { folder: '/kept', size: 1, pin: [], platforms: [] }, 1, 1],
  ['no cache', undefined, 4, 4],
  ['no cache', undefined, 'auto', 'auto'],
] as const)('with %s, of %3$s workers there are %4$s', (_, cache, wanted, workers) => {
  expect(workersFor({ ...(cache && { cache }) }, wanted)).toBe(workers)
})

it('a cache is refused to several processes', () => {
  expect(() => workersFor({ cache: { folder: '/kept', size: 1, pin: [], platforms: [] } }, 2)).toThrow(
    '--workers 2: the cache in /kept belongs to one process; use 1, or auto',
  )
})
