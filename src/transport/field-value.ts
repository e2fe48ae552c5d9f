/** A quoted string of RFC 9110, 5.6.4, as a part of a regular expression; without a group. */
export const QUOTED_STRING = String.raw`"(?:[^"\\]|\\.)*"`
/** A token of RFC 9110, 5.6.2, in the same way. */
export const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"

/** What a quoted string says; any other text as it is. */
export function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text
}

/** What may stand between the elements of a list (RFC 9110, 5.6.1), empty ones included. */
export const SEPARATOR = /[ \t]*(?:,[ \t]*)*/y

/** Far longer than any list in a header that is meant well. */
const LENGTH_MAX = 16_384

/**
 * Reads a header's value piece by piece: each call matches a sticky pattern where the last match ended, or gives `null`
 * and stays there. What is longer than 16 KiB is read up to there.
 */
export function scan(value: string): (pattern: RegExp) => RegExpExecArray | null {
  const text = value.slice(0, LENGTH_MAX)
  let at = 0
  return (pattern) => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found !== null) at = pattern.lastIndex
    return found
  }
}
