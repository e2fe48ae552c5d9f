import { type Refusal, refused } from './refusal.ts'

const PATTERN_MAX = 512

/**
 * Reads a pattern for names or tags: a glob (any text is one), or a regular expression between slashes, which is
 * compiled to see whether it is one.
 */
export function readPattern(text: string): string | Refusal {
  if (text === '' || text.length > PATTERN_MAX) {
    return refused(
      `must be a glob, or a regular expression between slashes, of at most ${PATTERN_MAX} characters`,
    )
  }
  if (!text.startsWith('/')) return text
  // No name and no tag begins with a slash: a glob that does would silently match nothing.
  if (text.length < 3 || !text.endsWith('/')) {
    return refused('must end with "/", as the regular expression that it begins, or begin without')
  }
  try {
    new RegExp(text.slice(1, -1), 'u')
    return text
  } catch (error) {
    const reason = (error as Error).message.replace(/^.*: /s, '')
    return refused(`must be a regular expression between the slashes: ${reason.toLowerCase()}`)
  }
}
