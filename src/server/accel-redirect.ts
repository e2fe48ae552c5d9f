import { isFilePart } from '../internal/file-part.ts'
import type { DoorReply } from './reply.ts'

/**
 * The same answer for an nginx in front that reads the files itself: where one is below `prefix`, in place of its bytes.
 * Parts of it are nginx's affair, which sees what the client asked for. Answers that are no file stay as they are.
 *
 * For those alone who come by a proxy that is trusted: whoever else asks would get an empty answer.
 */
export function accelRedirect(reply: DoorReply, prefix: string): DoorReply {
  const { body } = reply
  if (!isFilePart(body) || body.path === undefined) return reply
  body.close()
  const { 'Content-Length': _length, 'Content-Range': _range, ...headers } = reply.headers
  const path = body.path.split('/').map(encodeURIComponent).join('/')
  return {
    status: 200,
    headers: { ...headers, 'Content-Length': '0', 'X-Accel-Redirect': `${prefix}${path}` },
  }
}
