import { expect, test } from 'vitest'
import { toBytes } from '../../../test/support/provider-lists.ts'
import { formatPrefix } from '../../net/prefix.ts'
import { aws } from './aws.ts'

const filler = Array.from({ length: aws.minPrefixes }, (_, at) =>
  row(`5.${at >>> 8}.${at & 255}.0/24`, 'eu-west-3'),
)

function row(ip_prefix: string, region: string, network_border_group = region, service = 'AMAZON') {
  return { ip_prefix, region, service, network_border_group }
}

/** The place of 3.5.0.0/24 in a list with these rows for it. */
function placeWith(rows: object[]): string | undefined {
  const list = {
    createDate: '2026-07-29-08-27-05',
    prefixes: [...filler, ...rows],
    ipv6_prefixes: [{ ...row('', 'eu-west-3'), ipv6_prefix: '2a05:d012::/36' }],
  }
  const { entries } = aws.parse(toBytes(JSON.stringify(list)))
  return entries.find(({ prefix }) => formatPrefix(prefix) === '3.5.0.0/24')?.place
}

test.each([
  ['its region', [row('3.5.0.0/24', 'us-east-1')], 'aws/us-east-1'],
  [
    'its border group, where that is another',
    [row('3.5.0.0/24', 'us-west-2', 'us-west-2-lax-1')],
    'aws/us-west-2-lax-1',
  ],
  ['the border group of a global prefix', [row('3.5.0.0/24', 'GLOBAL', 'me-central-1')], 'aws/me-central-1'],
  [
    'the region of a prefix with a global border group',
    [row('3.5.0.0/24', 'eu-west-1', 'GLOBAL')],
    'aws/eu-west-1',
  ],
  ['the cloud alone, if it is anycast', [row('3.5.0.0/24', 'GLOBAL')], 'aws'],
  [
    'the region rather than the cloud',
    [row('3.5.0.0/24', 'GLOBAL'), row('3.5.0.0/24', 'eu-west-1')],
    'aws/eu-west-1',
  ],
  ['that in either order', [row('3.5.0.0/24', 'eu-west-1'), row('3.5.0.0/24', 'GLOBAL')], 'aws/eu-west-1'],
  [
    'one place, however many services share it',
    [row('3.5.0.0/24', 'eu-west-1'), row('3.5.0.0/24', 'eu-west-1', 'eu-west-1', 'S3')],
    'aws/eu-west-1',
  ],
  [
    'the first of two regions',
    [row('3.5.0.0/24', 'eu-west-1'), row('3.5.0.0/24', 'eu-west-2')],
    'aws/eu-west-1',
  ],
])('the place of a prefix is %s', (_, rows, place) => {
  expect(placeWith(rows)).toBe(place)
})

test.each([
  [{ ip_prefix: '3.5.0.0/24', region: 'us-east-1' }, '$.prefixes[5000].network_border_group'],
  [{ ...row('3.5.0.0/24', 'us-east-1'), region: 7 }, '$.prefixes[5000].region'],
  [{ ...row('', 'us-east-1'), ip_prefix: null }, '$.prefixes[5000].ip_prefix'],
])('a row that is not complete is named: %j', (bad, path) => {
  expect(() => placeWith([bad])).toThrow(
    `the list of Amazon Web Services (aws.json) is refused: at ${path}, `,
  )
})
