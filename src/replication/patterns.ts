import picomatch from 'picomatch'
import { compilePattern } from '../config/compile-pattern.ts'

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
