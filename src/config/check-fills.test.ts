import { expect, test } from 'vitest'
import { checkFilledPlaces } from './check-fills.ts'
import type { FillConfig, StoreConfig } from './config.ts'
import { formatConfigPath } from './fault.ts'

function linesOf(...fills: FillConfig[]): string[] {
  const stores = fills.map((fill, index): StoreConfig => {
    return { id: `s${index}`, url: 'https://s.test', blobs: '{digest}', at: 'dc/x', inventory: false, fill }
  })
  return checkFilledPlaces({ stores }).map(({ path, message }) => `${formatConfigPath(path)} ${message}`)
}

const s3 = (bucket: string, prefix = '', endpoint?: string): FillConfig => {
  return { kind: 's3', bucket, prefix, ...(endpoint !== undefined && { endpoint }) }
}
const gcs = (bucket: string, prefix = ''): FillConfig => ({ kind: 'gcs', bucket, prefix })
const azure = (where: { account: string } | { endpoint: string }, prefix = ''): FillConfig => {
  return { kind: 'azureBlob', container: 'c', prefix, ...where }
}
const folder = (path: string): FillConfig => ({ kind: 'folder', folder: path })

const SAME = /^stores\[1\][.]fill\S* is where stores\[0\] is filled too: /
const NESTED = /^stores\[1\][.]fill\S* lies in one (?:bucket|folder) with /

test.each<[what: string, one: FillConfig, other: FillConfig, line: RegExp]>([
  ['one folder in two spellings', folder('/srv//b/../a/'), folder('/srv/./a'), SAME],
  ['a folder in a folder', folder('/srv'), folder('/srv/a/b'), NESTED],
  ['a folder around a folder', folder('/srv/a/b'), folder('/'), NESTED],
  ['one bucket and prefix', s3('abc', 'p/q'), s3('abc', 'p/q'), SAME],
  ['a prefix in a bucket', s3('abc'), s3('abc', 'p'), NESTED],
  ['a prefix around a prefix', s3('abc', 'p/q'), s3('abc', 'p'), NESTED],
  [
    'a bucket by another host of Amazon’s',
    s3('abc'),
    s3('abc', 'p', 'https://s3.eu-west-3.amazonaws.com'),
    NESTED,
  ],
  [
    'an endpoint in two spellings',
    s3('abc', '', 'https://S3.test:443/'),
    s3('abc', '', 'https://s3.test'),
    SAME,
  ],
  ['a bucket by both of its protocols', gcs('abc'), s3('abc', 'x', 'https://storage.googleapis.com'), NESTED],
  [
    'a container by account and by endpoint',
    azure({ account: 'acc' }, 'p'),
    azure({ endpoint: 'https://acc.blob.core.windows.net/' }),
    NESTED,
  ],
])('two stores are not filled together: %s', (_, one, other, line) => {
  expect(linesOf(one, other)).toEqual([expect.stringMatching(line)])
})

test.each<[what: string, one: FillConfig, other: FillConfig]>([
  ['folders side by side', folder('/srv/a'), folder('/srv/ab')],
  ['prefixes of which one begins as the other', s3('abc', 'p'), s3('abc', 'pq')],
  ['one name at two services', s3('abc'), s3('abc', '', 'https://s3.test')],
  ['one name at two ports', s3('abc', '', 'http://a.test:1'), s3('abc', '', 'http://a.test:2')],
  ['one name at two clouds', s3('abc'), gcs('abc')],
  ['containers of two accounts', azure({ account: 'aaa' }), azure({ account: 'bbb' })],
])('two stores may be filled: %s', (_, one, other) => {
  expect(linesOf(one, other)).toEqual([])
})
