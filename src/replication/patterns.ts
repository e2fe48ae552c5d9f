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

/**
 * Says of the path of a repository whether it, or anything below it, can be chosen: where nothing can, nobody is asked.
 * Patterns that are regular expressions tell nothing of what is below, so that they leave everything possible.
 */
export function compileReach({
  include,
  exclude,
}: {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}): (path: string) => boolean {
  const bases = include.map(baseOf)
  // What a glob with `**` at its end leaves out is left out with all that is below.
  const without = exclude
    .filter((pattern) => pattern.endsWith('/**') && !isExpression(pattern))
    .map((pattern) => compilePattern(pattern))
  return (path) =>
    (bases.length === 0 || bases.some((base) => base === undefined || isNear(path, base))) &&
    !without.some((matches) => matches(path))
}

/** The folder that all of a glob lies in, or all of what it names; `undefined` where that is not known. */
function baseOf(pattern: string): string | undefined {
  return isExpression(pattern) ? undefined : picomatch.scan(pattern, { nonegate: true }).base
}

function isExpression(pattern: string): boolean {
  return /^\/.+\/$/s.test(pattern)
}

/** Whether one of both lies in the other, or both are one. */
function isNear(path: string, base: string): boolean {
  return base === '' || `${path}/`.startsWith(`${base}/`) || `${base}/`.startsWith(`${path}/`)
}
