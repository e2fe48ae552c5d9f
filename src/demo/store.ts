import { join } from 'node:path'
import { parseRange } from '../server/byte-range.ts'
import { faultReply } from '../server/fault-reply.ts'
import type { DoorReply } from '../server/reply.ts'
import type { Door } from '../server/request.ts'
import { openFileRange } from '../storage/fs/file-range.ts'
import { fileSize } from '../storage/fs/files.ts'

const BLOB = /^\/(blobs\/sha256\/[a-f0-9]{64})$/

/** What a public bucket would answer for the blobs of an image layout: GET, HEAD and Range, and nothing else. */
export function createStore(folder: string): Door {
  return (request) => serve(folder, request.method, request.target, request.header('range'))
}

async function serve(
  folder: string,
  method: string,
  target: string,
  rangeHeader?: string,
): Promise<DoorReply> {
  const key = BLOB.exec(target)?.[1]
  const path = key === undefined ? undefined : join(folder, key)
  const size = path === undefined ? undefined : await fileSize(path)
  if (path === undefined || size === undefined) {
    return absent()
  }
  const range = parseRange(rangeHeader, size)
  if (range === 'unsatisfiable') {
    return { status: 416, headers: { 'Content-Range': `bytes */${size}`, 'Content-Length': '0' } }
  }
  const { start, end } = range ?? { start: 0, end: size }
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Content-Length': String(end - start),
    'Accept-Ranges': 'bytes',
    ...(range && { 'Content-Range': `bytes ${start}-${end - 1}/${size}` }),
  }
  const status = range === undefined ? 200 : 206
  if (method === 'HEAD') return { status, headers }
  const body = await openFileRange(path, { size, start, end })
  return body === undefined ? absent() : { status, headers, body }
}

function absent(): DoorReply {
  return faultReply({ code: 'BLOB_UNKNOWN', message: 'there is no such object' })
}
