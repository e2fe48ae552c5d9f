import { contentBytes, readBytes, readClfTime, readIsoTime, readTarget, requestOf } from './fields.ts'
import { ASIDE, type LineReader, type LogFormat, type LogLine, type Unreadable } from './logged-request.ts'

const NO_TIME: Unreadable = { why: 'it has no time that can be read' }

/** `ADDRESS - USER [TIME] "METHOD TARGET PROTOCOL" STATUS BYTES`, and whatever follows. */
const COMBINED =
  /^(\S+) \S+ .*?\[([^\]]{20,30})\] "([A-Z]{3,16}) (\S+)(?: HTTP\/[\d.]+)?" (\d{3}) (\d+|-)(?: |$)/

/** The combined and the common log format, of nginx, Apache, Caddy, Envoy and Fastly. */
export const COMBINED_LOG: LogFormat = { id: 'combined', open: () => readCombined }

function readCombined(line: string): LogLine {
  const match = COMBINED.exec(line)
  if (match === null) return { why: 'it is no line of the combined log format' }
  const [, address, time, method, url, status, bytes] = match as unknown as [string, ...string[]]
  const at = readClfTime(time!)
  if (at === undefined) return NO_TIME
  const target = readTarget(url!)
  if (target === undefined) return ASIDE
  const known = contentBytes(Number(status), readBytes(bytes))
  return requestOf(at, { address: address! }, method!, target, { bytes: known })
}

/** A bracketed time, a quoted text, or a word. */
const S3_FIELD = /\[([^\]]*)\]|"((?:[^"\\]|\\.|"(?! |$))*)"|(\S+)/y
const S3_OPERATION = /^(?:REST|WEBSITE)\.(GET|HEAD)\.OBJECT$/

/** Amazon S3 server access logs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html */
export const S3_LOG: LogFormat = { id: 's3', open: () => readS3 }

function readS3(line: string): LogLine {
  const fields = splitS3(line)
  const [, , time, address, , id, operation, key, , status, , sent] = fields
  if (fields.length < 17 || time === undefined || operation === undefined)
    return { why: 'it is no line of an S3 access log' }
  const at = readClfTime(time)
  if (at === undefined) return NO_TIME
  const method = S3_OPERATION.exec(operation)?.[1]
  const target = method === undefined ? undefined : readTarget(`/${key}`)
  if (method === undefined || target === undefined) return ASIDE
  const bytes = contentBytes(Number(status), readBytes(sent))
  return requestOf(at, address === '-' ? {} : { address: address! }, method, target, { bytes, id })
}

function splitS3(line: string): string[] {
  const fields: string[] = []
  S3_FIELD.lastIndex = 0
  while (S3_FIELD.lastIndex < line.length && fields.length < 32) {
    const match = S3_FIELD.exec(line)
    if (match === null) return []
    fields.push(match[1] ?? match[2] ?? match[3]!)
    S3_FIELD.lastIndex++
  }
  return fields
}

const FIELDS = '#Fields:'

/** CloudFront's standard logs: words between tabs, which a line that begins with `#Fields:` names. */
export const CLOUDFRONT_LOG: LogFormat = { id: 'cloudfront', open: openCloudFront, header: FIELDS }

function openCloudFront(): LineReader {
  let columns = new Map<string, number>()
  return (line) => {
    if (line.startsWith(FIELDS)) {
      const names = line.slice(FIELDS.length).trim().split(/\s+/)
      columns = new Map(names.map((name, column) => [name, column]))
      return ASIDE
    }
    if (line.startsWith('#')) return ASIDE
    if (columns.size === 0) return { why: 'no line before it begins with "#Fields:"' }
    const values = line.split('\t')
    if (values.length < columns.size) return { why: `it has ${values.length} of ${columns.size} fields` }
    return readCloudFront((name) => {
      const value = values[columns.get(name) ?? -1]
      return value === '-' || value === '' ? undefined : value
    })
  }
}

function readCloudFront(field: (name: string) => string | undefined): LogLine {
  const at = readIsoTime(`${field('date')}T${field('time')}Z`)
  if (at === undefined) return NO_TIME
  const method = field('cs-method')
  const path = field('cs-uri-stem')
  if (method === undefined || path === undefined) return { why: 'it has no method and path' }
  const query = field('cs-uri-query')
  const target = readTarget(query === undefined ? path : `${path}?${query}`)
  if (target === undefined) return ASIDE
  const body = field('sc-content-len') ?? field('sc-bytes')
  const bytes = contentBytes(Number(field('sc-status')), readBytes(body))
  const address = field('c-ip')
  const asn = field('asn') ?? field('c-asn')
  const client = address !== undefined ? { address } : asn === undefined ? {} : { asn: Number(asn) }
  return requestOf(at, client, method, target, { bytes, id: field('x-edge-request-id') })
}
