import { contentBytes, readBytes, readEpoch, readIsoTime, readTarget, requestOf } from './fields.ts'
import { isObject, isUnreadable, type JsonObject, numberOf, readJsonLine, textOf } from './json-line.ts'
import { ASIDE, type LogFormat, type LoggedClient, type LogLine, type Unreadable } from './logged-request.ts'

const NO_TIME: Unreadable = { why: 'it has no time that can be read' }

/** Reads JSON lines, each by this. */
function jsonFormat(id: LogFormat['id'], read: (object: JsonObject) => LogLine): LogFormat {
  return {
    id,
    open: () => (line) => {
      const object = readJsonLine(line)
      return isUnreadable(object) ? object : read(object)
    },
  }
}

/** What a door of Portolan's own writes: lines of requests, and others between them. */
export const PORTOLAN = jsonFormat('portolan', (object) => {
  const { msg, time, target, method, client, address } = object
  if (msg !== 'request') {
    return typeof msg === 'string' && typeof object.level === 'string' ? ASIDE : { why: 'it has no "msg"' }
  }
  if (typeof target !== 'string' || typeof method !== 'string') return { why: 'it has no method and target' }
  const at = readIsoTime(time)
  if (at === undefined) return NO_TIME
  const more = { ...bytesOf(object), id: textOf(object, 'id') }
  return requestOf(at, clientOf(client, address), method, target, more)
})

/** Of a redirect it is said what the client was sent for, and how that is known; of an answer, what it had. */
function bytesOf(object: JsonObject): { readonly bytes: number | undefined; readonly isEstimate?: boolean } {
  const bytes = readBytes(object.bytes)
  const { bytesKnown } = object
  if (bytesKnown === 'listed' || bytesKnown === 'probed') return { bytes }
  if (bytesKnown === 'estimated') return { bytes, isEstimate: true }
  return { bytes: bytesKnown === undefined ? contentBytes(numberOf(object, 'status'), bytes) : undefined }
}

/** What is known of an address as a whole counts for more than what can be found out of a masked one. */
function clientOf(place: unknown, address: unknown): LoggedClient {
  const known = typeof place === 'string' && place !== 'unknown' ? place : undefined
  if (typeof address !== 'string') return known === undefined ? {} : { place: known }
  const slash = address.indexOf('/')
  if (slash < 0) return { address }
  const first = address.slice(0, slash)
  return { address: first, isMasked: true, ...(known !== undefined && { place: known }) }
}

const KINDS: ReadonlyMap<unknown, string> = new Map([
  ['manifest', 'manifests'],
  ['blob', 'blobs'],
  ['tag', 'tags'],
  ['referrers', 'referrers'],
])

/** Of archeio, registry.k8s.io's door: `image_pull` events, with neither address nor bytes, as they are or in a log entry. */
export const ARCHEIO = jsonFormat('archeio', (object) => {
  const event = isObject(object.jsonPayload) ? object.jsonPayload : object
  const message = textOf(event, 'msg', 'message')
  if (message === undefined) return { why: 'it has no "msg"' }
  if (message !== 'image_pull') return ASIDE
  const { image, reference } = event
  const kind = KINDS.get(event.type)
  if (typeof image !== 'string' || typeof reference !== 'string' || kind === undefined)
    return { why: 'it has no image, type and reference' }
  const times = [object.timestamp, event.timestamp, event.time, event.ts]
  const at = times.map((time) => readIsoTime(time) ?? readEpoch(time)).find((time) => time !== undefined)
  if (at === undefined) return NO_TIME
  // A pull has one trace, and so several of its requests the same.
  const trace = textOf(event, 'traceID')
  const id = textOf(object, 'insertId') ?? (trace && `${trace} ${at} ${kind} ${reference}`)
  return requestOf(at, seenByArcheio(event), 'GET', `/v2/${image}/${kind}/${reference}`, { id })
})

function seenByArcheio(event: JsonObject): LoggedClient {
  const cloud = textOf(event, 'cloud')
  const region = textOf(event, 'region')
  const asn = numberOf(event, 'asn')
  if (cloud === undefined || cloud === 'external') return asn === undefined ? {} : { asn }
  return { place: region === undefined ? cloud.toLowerCase() : `${cloud.toLowerCase()}/${region}` }
}

/** Entries of Google's Cloud Logging for Cloud Run or its balancer, one a line or as one list. */
export const CLOUD_RUN = jsonFormat('cloud-run', (object) => {
  const { httpRequest } = object
  if (!isObject(httpRequest))
    return typeof object.logName === 'string' || typeof object.insertId === 'string'
      ? ASIDE
      : { why: 'it has no "httpRequest"' }
  const url = textOf(httpRequest, 'requestUrl')
  const method = textOf(httpRequest, 'requestMethod')
  if (url === undefined || method === undefined)
    return { why: 'its "httpRequest" has no requestMethod and requestUrl' }
  const at = readIsoTime(object.timestamp)
  if (at === undefined) return NO_TIME
  const target = readTarget(url)
  if (target === undefined) return ASIDE
  const address = textOf(httpRequest, 'remoteIp')
  const bytes = contentBytes(numberOf(httpRequest, 'status'), readBytes(httpRequest.responseSize))
  const client = address === undefined ? {} : { address }
  return requestOf(at, client, method, target, { bytes, id: textOf(object, 'insertId') })
})

/** Fastly's JSON, by the names of its own example and the usual ones beside them. */
export const FASTLY = jsonFormat('fastly', (object) => {
  const url = textOf(object, 'url', 'request_url', 'request_uri', 'uri', 'path')
  const method = textOf(object, 'request_method', 'method', 'req_method')
  if (url === undefined || method === undefined) return { why: 'it has no method and url' }
  // A node that only shields others logs what one at the edge has logged already.
  if (object.fastly_is_edge === false || object.fastly_is_edge === 'false') return ASIDE
  const time = object.timestamp ?? object.time ?? object.time_start ?? object.start_time
  const at = readIsoTime(colonInZone(time)) ?? readEpoch(time)
  if (at === undefined) return NO_TIME
  const target = readTarget(url)
  if (target === undefined) return ASIDE
  const status = numberOf(object, 'response_status', 'status', 'resp_status')
  const body = ['response_body_size', 'resp_body_size', 'body_bytes', 'bytes', 'response_body_bytes']
  const bytes = contentBytes(status, readBytes(numberOf(object, ...body)))
  const address = textOf(object, 'client_ip', 'clientip', 'client', 'ip', 'remote_addr')
  const asn = numberOf(object, 'client_as_number', 'asn', 'client_asn')
  const client = address !== undefined ? { address } : asn === undefined ? {} : { asn }
  return requestOf(at, client, method, target, { bytes, id: textOf(object, 'request_id', 'req_id') })
})

/** Fastly's example writes `2026-11-27T10:00:00+0000`, which not every `Date.parse` takes. */
function colonInZone(time: unknown): unknown {
  return typeof time === 'string' ? time.replace(/([+-]\d\d)(\d\d)$/, '$1:$2') : time
}
