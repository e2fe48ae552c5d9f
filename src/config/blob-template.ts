/** Path characters that need no encoding (RFC 3986, section 3.3), and placeholders. */
const SEGMENT = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|\{(?:digest|algorithm|encoded)\})+$/
const TEMPLATE_MAX = 512

/** Whether a text can say where blobs lie below a URL, with one path for every digest. */
export function isBlobTemplate(text: string): boolean {
  if (text.length > TEMPLATE_MAX) return false
  if (text.split('/').some((part) => !SEGMENT.test(part) || part === '.' || part === '..')) return false
  return text.includes('{digest}') || (text.includes('{algorithm}') && text.includes('{encoded}'))
}
