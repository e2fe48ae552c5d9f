/** Who a client says that it is. */
export interface BasicLogin {
  readonly user: string
  readonly password: string
}

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i
/** RFC 7617, section 2: neither part has control characters, the user no colon. */
const CONTROL = /\p{Cc}/u
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads `Authorization` (RFC 7617, with its UTF-8); `undefined` for another scheme, and for what is malformed. */
export function readBasicLogin(authorization: string): BasicLogin | undefined {
  const encoded = BASIC.exec(authorization)?.[1]
  if (encoded === undefined) return undefined
  try {
    const text = utf8.decode(Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0)))
    const colon = text.indexOf(':')
    if (colon < 1 || CONTROL.test(text)) return undefined
    return { user: text.slice(0, colon), password: text.slice(colon + 1) }
  } catch {
    return undefined
  }
}
