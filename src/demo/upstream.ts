import { isFault } from '../oci/errors.ts'
import { parsePath } from '../oci/path.ts'
import { parseTarget } from '../oci/target.ts'
import type { RegistryReader } from '../registry/reader.ts'
import { answerContent } from '../server/answer-content.ts'
import { faultReply } from '../server/fault-reply.ts'
import type { Door } from '../server/request.ts'

/** A registry that answers for its content and sends nobody elsewhere. */
export function createUpstream(content: RegistryReader): Door {
  return (request) => {
    const target = parseTarget(request.target)
    if (isFault(target)) return faultReply(target)
    const asked = parsePath(target.path)
    if (isFault(asked)) return faultReply(asked)
    if (asked.kind === 'base') return { status: 200, headers: { 'Content-Length': '2' }, body: '{}' }
    if (asked.kind === 'catalog') return faultReply({ code: 'UNSUPPORTED', message: 'there is no catalog' })
    return answerContent(content, asked, {
      method: request.method,
      query: target.query,
      header: (name) => request.header(name),
    })
  }
}
