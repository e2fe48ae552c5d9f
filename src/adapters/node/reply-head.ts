/** The head of an answer whose body has a length that is said beforehand. */
export interface ReplyHead {
  readonly status: number
  readonly headers: Headers
  /** Bytes of the body. */
  readonly length: number
}

/** RFC 9112, 4, and RFC 9110, 5.5, without what is obsolete: folded lines, and control characters in values. */
const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const FIELD =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*$/
const LENGTH = /^\d{1,15}$/
const FIELDS_MAX = 200

/**
 * Reads the head of an answer, without the empty line at its end. Narrower than HTTP: `undefined` for every form in which
 * the end of a body is known otherwise than by one `Content-Length`, or in which it is compressed.
 */
export function readReplyHead(text: string): ReplyHead | undefined {
  const [first = '', ...lines] = text.split('\r\n')
  const status = STATUS_LINE.exec(first)?.[1]
  if (status === undefined || lines.length > FIELDS_MAX) return undefined
  const headers = new Headers()
  for (const line of lines) {
    const [, name, value] = FIELD.exec(line) ?? []
    if (name === undefined || value === undefined) return undefined
    headers.append(name, value)
  }
  const length = headers.get('Content-Length') ?? ''
  const isPlain = !headers.has('Transfer-Encoding') && !headers.has('Content-Encoding')
  return isPlain && LENGTH.test(length)
    ? { status: Number(status), headers, length: Number(length) }
    : undefined
}
