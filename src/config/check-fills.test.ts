import { expect, test } from 'vitest'
import { checkFills, type DraftFills } from './check-fills.ts'
import { formatConfigPath } from './fault.ts'
import type { DraftFill } from './filled-place.ts'

const BASE = '/etc/portolan'

function linesOf(draft: DraftFills): string[] {
  return [...checkFills(draft, BASE)].map(({ path, message }) => `${formatConfigPath(path)}: ${message}`)
}

function filled(...fills: DraftFill[]): DraftFills {
  return { stores: fills.map((fill) => ({ fill })) }
}

const OWN = 'each store needs a place of its own'
const SAME = `stores[1].fill: is the place that stores[0].fill fills; ${OWN}`
const WITHIN = `stores[1].fill: lies in what stores[0].fill fills; ${OWN}`
const AROUND = `stores[1].fill: holds what stores[0].fill fills; ${OWN}`

const s3 = (bucket: string, prefix?: string, endpoint?: string): DraftFill => ({
  s3: { bucket, ...(prefix !== undefined && { prefix }), ...(endpoint !== undefined && { endpoint }) },
})

const together: [what: string, one: DraftFill, other: DraftFill, line: string][] = [
  ['one folder', { folder: '/srv/a' }, { folder: '/srv/a' }, SAME],
  ['one folder in two spellings', { folder: '/srv//b/../a/' }, { folder: '/srv/./a' }, SAME],
  ['a relative and an absolute path', { folder: 'a' }, { folder: '/etc/portolan/a' }, SAME],
  ['a relative path that goes up', { folder: '../a' }, { folder: '/etc/a' }, SAME],
  ['a folder in a folder', { folder: '/srv' }, { folder: '/srv/a/b' }, WITHIN],
  ['a folder around a folder', { folder: '/srv/a/b' }, { folder: '/' }, AROUND],
  ['one bucket', s3('abc'), s3('abc'), SAME],
  ['one bucket and prefix', s3('abc', 'p/q'), s3('abc', 'p/q'), SAME],
  ['a prefix in a bucket', s3('abc'), s3('abc', 'p'), WITHIN],
  ['a prefix around a prefix', s3('abc', 'p/q'), s3('abc', 'p'), AROUND],
  [
    'one bucket by two of Amazon’s hosts',
    s3('abc'),
    s3('abc', '', 'https://s3.eu-west-3.amazonaws.com'),
    SAME,
  ],
  [
    'one bucket by two spellings of an endpoint',
    s3('abc', '', 'https://S3.example:443/'),
    s3('abc', '', 'https://s3.example'),
    SAME,
  ],
  [
    'a bucket of Cloud Storage by both of its protocols',
    { gcs: { bucket: 'abc' } },
    s3('abc', 'x', 'https://storage.googleapis.com'),
    WITHIN,
  ],
  [
    'a container by its account and by its endpoint',
    { azureBlob: { account: 'acc', container: 'c' } },
    { azureBlob: { endpoint: 'https://acc.blob.core.windows.net/', container: 'c' } },
    SAME,
  ],
]

test.each(together)('two stores are refused: %s', (_, one, other, line) => {
  expect(linesOf(filled(one, other))).toEqual([line])
})

const apart: [what: string, one: DraftFill, other: DraftFill][] = [
  ['folders side by side', { folder: '/srv/a' }, { folder: '/srv/ab' }],
  ['two buckets', s3('abc'), s3('abd')],
  ['prefixes of which one begins as the other', s3('abc', 'p'), s3('abc', 'pq')],
  ['one name at two services', s3('abc'), s3('abc', '', 'https://s3.example')],
  ['one name at two ports', s3('abc', '', 'http://a.example:1'), s3('abc', '', 'http://a.example:2')],
  ['a folder and a bucket', { folder: '/abc' }, s3('abc')],
  [
    'containers of two accounts',
    { azureBlob: { account: 'a', container: 'c' } },
    { azureBlob: { account: 'b', container: 'c' } },
  ],
  ['what is faulty in itself', { s3: { bucket: undefined } }, { s3: undefined }],
]

test.each(apart)('two stores are let be: %s', (_, one, other) => {
  expect(linesOf(filled(one, other))).toEqual([])
})

test.each<[name: string, draft: Omit<DraftFills, 'stores'>, folder: string]>([
  ['sync.journal', { sync: { journal: '/srv/a/journal' } }, '/srv/a'],
  ['sync.journal', { sync: { journal: '/srv/a' } }, '/srv/a/'],
  ['sync.journal', { sync: {} }, '.'],
  ['sync.signingKey', { sync: { journal: '/j', signingKey: 'keys/owner.pem' } }, 'keys'],
  ['tls.key', { tls: { key: '/srv/tls.key' } }, '/srv'],
  ['adminTls.key', { adminTls: { key: 'tls.key' } }, '/'],
])('a folder that holds %s is refused, since it is served: %j', (name, draft, folder) => {
  expect(linesOf({ ...draft, ...filled({ folder }) })).toEqual([
    `stores[0].fill.folder: holds ${name}, which would be served with it`,
  ])
})

test('a folder beside the journal, or within its, is let be', () => {
  const draft = {
    sync: { journal: '/srv/journal' },
    ...filled({ folder: '/srv/a' }, { folder: '/srv/journal/b' }),
  }
  expect(linesOf(draft)).toEqual([])
})

const SECRET = { variable: 'X' }
const S3_WAYS = 'must be profile, or accessKeyId and secretAccessKey (and sessionToken)'

test.each<[fill: DraftFill, line: string | undefined]>([
  [{ s3: { credentials: { profile: 'a' } } }, undefined],
  [{ s3: { credentials: { accessKeyId: SECRET, secretAccessKey: SECRET } } }, undefined],
  [
    { s3: { credentials: { accessKeyId: SECRET, secretAccessKey: SECRET, sessionToken: SECRET } } },
    undefined,
  ],
  [{ s3: { credentials: {} } }, `s3.credentials: ${S3_WAYS}`],
  [{ s3: { credentials: { accessKeyId: SECRET } } }, `s3.credentials: ${S3_WAYS}`],
  [{ s3: { credentials: { profile: 'a', accessKeyId: SECRET } } }, `s3.credentials: ${S3_WAYS}`],
  [
    { s3: { credentials: { accessKeyId: {}, secretAccessKey: SECRET } } },
    's3.credentials.accessKeyId: needs one of variable and file',
  ],
  [
    { gcs: { credentials: { key: { variable: 'X', file: 'x' } } } },
    'gcs.credentials.key: needs one of variable and file',
  ],
  [{ gcs: { credentials: {} } }, 'gcs.credentials: must be key'],
  [
    { azureBlob: { account: 'a', credentials: { sas: SECRET, managedIdentity: 'system' } } },
    'azureBlob.credentials: must be sharedKey, or sas, or managedIdentity, or workloadIdentity',
  ],
])('credentials of %j: %s', (fill, line) => {
  expect(linesOf(filled(fill))).toEqual(line === undefined ? [] : [`stores[0].fill.${line}`])
})
