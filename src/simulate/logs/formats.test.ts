import { describe, expect, it } from 'vitest'
import { detectFormat, formatOf } from './formats.ts'
import { FORMAT_IDS, type FormatId, isAside, isRequest, type LoggedRequest } from './logged-request.ts'

const DIGEST = `sha256:${'ab'.repeat(32)}`
const BLOB = `/v2/pause/blobs/${DIGEST}`
const AT = Date.UTC(2026, 10, 27, 10, 0, 1)
const TIME = '2026-11-27T10:00:01.000Z'
const CLF = '27/Nov/2026:11:00:01 +0100'

const OWN = {
  level: 'info',
  time: TIME,
  id: 'k3j9x0ab-7f',
  method: 'GET',
  target: BLOB,
  status: 307,
  client: 'aws/eu-west-3',
  knownBy: 'range',
  msg: 'request',
}
const ARCHEIO = {
  msg: 'image_pull',
  ts: AT + 0.5,
  image: 'pause',
  type: 'blob',
  reference: DIGEST,
  userAgent: 'containerd/2.1',
  cloud: 'AWS',
  region: 'eu-west-3',
  backend: 's3',
  asn: '16509',
  traceID: 'f'.repeat(32),
}
const CLOUD_RUN = {
  insertId: 'a1',
  timestamp: '2026-11-27T10:00:01.000000789Z',
  httpRequest: {
    requestMethod: 'GET',
    requestUrl: `https://registry.test${BLOB}`,
    status: 307,
    responseSize: '812',
    remoteIp: '35.180.1.1',
  },
}
const FASTLY = {
  timestamp: '2026-11-27T10:00:01+0000',
  client_ip: '35.180.1.1',
  request_method: 'GET',
  url: `/containers/images/${DIGEST}`,
  response_status: 200,
  response_body_size: 4096,
  fastly_is_edge: true,
}
const COMBINED = `35.180.1.1 - - [${CLF}] "GET ${BLOB} HTTP/1.1" 200 4096 "-" "containerd/2.1"`
const S3 = `79a5 bucket [${CLF}] 35.180.1.1 - 3E57427F3EXAMPLE REST.GET.OBJECT containers/images/${DIGEST.replace(':', '%3A')} "GET /containers/images/${DIGEST} HTTP/1.1" 200 - 4096 4096 70 10 "-" "a \\"quoted\\" agent" - id= SigV4 TLS - host TLSv1.2 -`
const CLOUDFRONT = [
  '#Version: 1.0',
  '#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query x-edge-request-id',
  `2026-11-27\t10:00:01\tCDG50\t4096\t35.180.1.1\tGET\td1.test\t/containers/images/${DIGEST}\t200\t-\tcontainerd%2F2.1\t-\tSOX4xwn4==`,
]

const SAMPLES: Readonly<Record<FormatId, readonly string[]>> = {
  portolan: [
    JSON.stringify({ level: 'info', time: TIME, msg: 'new ranges are in use' }),
    JSON.stringify(OWN),
  ],
  archeio: [JSON.stringify(ARCHEIO)],
  'cloud-run': [JSON.stringify({ insertId: 'a0', jsonPayload: ARCHEIO }), JSON.stringify(CLOUD_RUN)],
  fastly: [`<134>2026-11-27T10:00:01Z cache-cdg-1 log[9]: ${JSON.stringify(FASTLY)}`],
  cloudfront: CLOUDFRONT,
  s3: [S3.replace('REST.GET.OBJECT', 'REST.PUT.OBJECT'), S3],
  combined: [COMBINED],
}

function read(format: FormatId, ...lines: readonly string[]) {
  const reader = formatOf(format).open()
  return lines.map((line) => reader(line))
}

describe('one request', () => {
  it.each(FORMAT_IDS)('comes out of %s as one thing, and the form is found out', (format) => {
    expect(detectFormat(SAMPLES[format])?.id).toBe(format)
    const requests = read(format, ...SAMPLES[format]).filter(isRequest)
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({ method: 'GET', at: AT })
    expect(requests[0]!.target).toMatch(new RegExp(`^/v2/(?:pause|repository-not-logged)/blobs/${DIGEST}$`))
    const isByPlace = format === 'portolan' || format === 'archeio'
    expect(requests[0]!.client).toEqual(isByPlace ? { place: 'aws/eu-west-3' } : { address: '35.180.1.1' })
    // A redirect says nothing of the content.
    const hasBytes = !isByPlace && format !== 'cloud-run'
    expect(requests[0]!.bytes).toBe(hasBytes ? 4096 : undefined)
    expect(requests[0]!.id === undefined).toBe(format === 'combined' || format === 'fastly')
    const others = read(format, ...SAMPLES[format]).filter((line) => !isRequest(line))
    expect(others.every(isAside)).toBe(true)
  })
})

const one = (format: FormatId, line: string | object): LoggedRequest => {
  const [found] = read(format, typeof line === 'string' ? line : JSON.stringify(line))
  if (found === undefined || !isRequest(found)) throw new Error(JSON.stringify(found))
  return found
}

describe('who asked', () => {
  it.each<[title: string, address: string | undefined, client: string, expected: object]>([
    [
      'is where a masked address was found, by what is known of all of it',
      '35.180.1.0/24',
      'aws/eu-west-3',
      { address: '35.180.1.0', isMasked: true, place: 'aws/eu-west-3' },
    ],
    [
      'may be found by the network of a masked address',
      '2001:db8::/48',
      'unknown',
      { address: '2001:db8::', isMasked: true },
    ],
    ['is found again by a whole address', '35.180.1.1', 'aws/eu-west-3', { address: '35.180.1.1' }],
    ['is at a place where addresses are not logged', undefined, 'country/FR', { place: 'country/FR' }],
    ['is somewhere', undefined, 'unknown', {}],
  ])('%s', (_, address, client, expected) => {
    expect(one('portolan', { ...OWN, client, ...(address && { address }) }).client).toEqual(expected)
  })

  it.each<[cloud: string, region: string, asn: string, expected: object]>([
    ['GCP', 'us-central1', '15169', { place: 'gcp/us-central1' }],
    ['external', 'external', '24940', { asn: 24940 }],
    ['external', 'external', '', {}],
  ])('is for archeio in %s %s of AS%s', (cloud, region, asn, expected) => {
    expect(one('archeio', { ...ARCHEIO, cloud, region, asn }).client).toEqual(expected)
  })
})

describe('bytes', () => {
  it.each<[status: number, expected: number | undefined]>([
    [200, 4096],
    [206, 4096],
    [307, undefined],
    [304, undefined],
    [404, 0],
  ])('of an answer with %i', (status, expected) => {
    expect(one('combined', COMBINED.replace(' 200 ', ` ${status} `)).bytes).toBe(expected)
  })

  it('that no content has are none', () => {
    expect(one('combined', COMBINED.replace(' 4096 ', ' 99999999999999999999 ')).bytes).toBeUndefined()
  })
})

it.each<[known: string | undefined, status: number, expected: object]>([
  ['listed', 307, { bytes: 4096 }],
  ['probed', 307, { bytes: 4096 }],
  ['estimated', 307, { bytes: 4096, isEstimate: true }],
  ['unknown', 307, {}],
  [undefined, 307, {}],
  [undefined, 200, { bytes: 4096 }],
])('bytes of our own log that are %s, with %i', (bytesKnown, status, expected) => {
  const { bytes, isEstimate } = one('portolan', { ...OWN, status, bytes: 4096, bytesKnown })
  expect({ ...(bytes !== undefined && { bytes }), ...(isEstimate && { isEstimate }) }).toEqual(expected)
})

it('a pull has one trace: its requests are told apart by what they ask for', () => {
  const other = { ...ARCHEIO, reference: `sha256:${'cd'.repeat(32)}` }
  expect(one('archeio', ARCHEIO).id).not.toBe(one('archeio', other).id)
})

it('what a node that shields others has logged was logged at the edge as well', () => {
  expect(read('fastly', JSON.stringify({ ...FASTLY, fastly_is_edge: false }))).toEqual([{ aside: true }])
})

it('CloudFront names its fields anew where logs were put together', () => {
  const renamed = CLOUDFRONT[1]!.replace('date time', 'time date')
  const swapped = CLOUDFRONT[2]!.replace(/^([^\t]*)\t([^\t]*)/, '$2\t$1')
  expect(read('cloudfront', ...CLOUDFRONT, renamed, swapped).filter(isRequest)).toHaveLength(2)
  expect(read('cloudfront', CLOUDFRONT[2]!)).toEqual([{ why: 'no line before it begins with "#Fields:"' }])
})

it.each<[FormatId, string, why: RegExp]>([
  ['portolan', 'plain words', /no JSON/],
  ['portolan', '[1]', /no JSON/],
  ['portolan', '{"msg":1}', /no "msg"/],
  ['portolan', JSON.stringify({ ...OWN, target: 7 }), /no method and target/],
  ['portolan', JSON.stringify({ ...OWN, time: '9999-99-99T99:99:99Z' }), /no time/],
  ['portolan', JSON.stringify({ ...OWN, time: '2260-01-01T00:00:00Z' }), /no time/],
  ['portolan', `${'['.repeat(60_000)}`, /no JSON/],
  ['archeio', JSON.stringify({ ...ARCHEIO, type: '__proto__' }), /image, type and reference/],
  ['cloud-run', JSON.stringify({ httpRequest: {} }), /requestMethod and requestUrl/],
  ['fastly', '{}', /method and url/],
  ['combined', `${'1 '.repeat(30_000)}`, /combined/],
  ['combined', COMBINED.replace('Nov', 'Nox'), /no time/],
  ['s3', '"'.repeat(60_000), /S3/],
  ['s3', `79a5 bucket [${CLF}] 1.1.1.1`, /S3/],
])('%s, %#: what cannot be read is told at once, with the reason', (format, line, why) => {
  expect(read(format, line)).toEqual([{ why: expect.stringMatching(why) }])
})

it('what is no log is told as none', () => {
  expect(detectFormat(['<html>', '{"a":1}', ''])).toBeUndefined()
})
