const ESCAPE = '\u001b'
const BELL = '\u0007'
/** Sequences that colour a terminal's text, set its title and the like (ECMA-48, 5.4 and 5.6). */
const SEQUENCES = new RegExp(
  String.raw`${ESCAPE}(?:\[[\d;:?<=>]{0,64}[ -/]{0,8}[@-~]|\][^${BELL}${ESCAPE}]{0,512}(?:${BELL}|${ESCAPE}\\)|[@-Z\\^_])`,
  'g',
)
/** Characters that drive a terminal, that nobody sees, or that turn the direction of what follows. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]+/gu
/** How loggers write what stands in quotes, once for each log that it went through. */
const QUOTED = /\\+(?:(["'])|[nrt])/g
const ENCODED = /\\+u00(22|26|27|3[ce])/gi

/**
 * A line of a log or of a terminal as the program meant it: without what drives a terminal, without the quoting of
 * loggers, and with one blank where there are several.
 */
export function cleanLine(line: string): string {
  return line
    .replace(SEQUENCES, '')
    .replace(UNSEEN, ' ')
    .replace(ENCODED, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(QUOTED, (_, quote?: string) => quote ?? ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
}
