import { expect, it } from 'vitest'
import { readTagVersion } from './tag-version.ts'

it.each([
  ['1.29.3', '1.29.3'],
  ['v1.29.0', '1.29.0'],
  ['1.29', '1.29.0'],
  ['3.9', '3.9.0'],
  ['16', '16.0.0'],
  ['v2', '2.0.0'],
  ['24.04', '24.4.0'],
  ['2024.01.02', '2024.1.2'],
  ['1.30.0-rc.1', '1.30.0-rc.1'],
  ['1.29-alpine', '1.29.0-alpine'],
  ['v1.0.0-20230407.01-gabc', '1.0.0-20230407.01-gabc'],
  ['1.0.0-rc.01', '1.0.0-rc.1'],
  ['1.2.3_build.5', '1.2.3+build.5'],
  ['1.2.3-rc.1_build_5', '1.2.3-rc.1+build-5'],
  ['0', '0.0.0'],
  ['00', '0.0.0'],
  ['20230407', undefined],
  ['v20230407-abc1234', undefined],
  ['latest', undefined],
  ['1.2.3.4', undefined],
  ['v', undefined],
  ['vv1', undefined],
  ['1..2', undefined],
  ['1.0.0-a..b', undefined],
  ['release-1.29', undefined],
  ['9'.repeat(100), undefined],
  [`1.${'9'.repeat(100)}`, undefined],
])('reads %s as %s', (tag, version) => {
  const read = readTagVersion(tag)
  expect(read && [read.version, ...read.build].join('+').replace(/\+(\d+)$/, '.$1')).toBe(version)
})
