import type { Found } from '../found.ts'
import { startOf } from './overlap.ts'

/** To change one side of a comparison is to change what it says. */
export const COMPARED = 'something is compared with it: change it by hand together with that'

const OPERATOR = '(?:[=!]==?|=~|!~)'
/** What looks for a text in another one, or puts one in the place of another. */
const LOOKS =
  '(?:eq|ne|g?sub|search|match|matches|MatchString|contains|Contains|replace|replaceAll|Replace|ReplaceAll|regex\\w*' +
  '|(?:[hH]as|[tT]rim|has_|remove_?)[pP]refix|(?:[hH]as|[tT]rim|has_|remove_?)[sS]uffix|(?:starts|ends)_?[wW]ith)'
const BEFORE = new RegExp(
  String.raw`(?:${OPERATOR}\s*|\b${LOOKS}\s*\([^()"'\n]*|\{\{[^\n]*\b${LOOKS}\s+[^()"'|}\n]*)\\?["'\x60]$`,
)
const AFTER = new RegExp(String.raw`[^"'\x60\s]{0,160}\\?["'\x60]\s{0,16}${OPERATOR}`, 'y')
/** So far is looked to each side. */
const REACH = 160

/**
 * Keeps what a text compares, looks for or replaces from being changed, whatever its language: `x == "REFERENCE"`,
 * `hasPrefix "REFERENCE" x`, `replace(x, "REFERENCE", y)`.
 */
export function withComparisons(text: string, found: readonly Found[]): readonly Found[] {
  return found.map((one) =>
    one.fixed === undefined && isCompared(text, one) ? { ...one, fixed: COMPARED } : one,
  )
}

function isCompared(text: string, found: Found): boolean {
  const start = startOf(found)
  if (!/["'`]/.test(text[start - 1] ?? '')) return false
  if (isAfterKey(text, start - 2)) return false
  AFTER.lastIndex = Math.max(...Object.values(found.parts).map(({ span }) => span.end))
  return AFTER.test(text) || BEFORE.test(text.slice(Math.max(0, start - REACH), start))
}

/** Most strings are the values of keys, which need no longer look. */
function isAfterKey(text: string, before: number): boolean {
  let at = before
  while (text[at] === ' ') at--
  return text[at] === ':'
}
