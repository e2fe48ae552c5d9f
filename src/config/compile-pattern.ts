import picomatch from 'picomatch'
import { PortolanError } from '../errors.ts'

/** Whether a repository name or a tag is meant. */
export type Matches = (value: string) => boolean

/**
 * Compiles a pattern of the config. Between slashes it is a regular expression, which may match anywhere unless it says
 * `^` and `$`; anything else is a glob for the whole value: `*` stops at a slash, `**` does not, `{a,b}` is either.
 *
 * Throws `CONFIG_INVALID`, naming the pattern.
 */
export function compilePattern(pattern: string): Matches {
  const expression = /^\/(.+)\/$/s.exec(pattern)?.[1]
  try {
    if (expression !== undefined) {
      const compiled = new RegExp(expression, 'u')
      return (value) => compiled.test(value)
    }
    // Not "!": what is to be left out has a list of its own. A name or a tag that begins with a dot is like any other.
    const compiled = picomatch(pattern, { dot: true, nonegate: true, windows: false })
    return (value) => compiled(value)
  } catch (error) {
    throw new PortolanError(
      'CONFIG_INVALID',
      `${JSON.stringify(pattern)} is not a pattern: ${(error as Error).message}; expected a glob, such as v1.*, or a regular expression between slashes`,
      { pattern },
      error,
    )
  }
}
