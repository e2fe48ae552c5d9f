import type { z } from 'zod'
import type { ConfigPath, Remark } from './fault.ts'
import { suggestion } from './suggestion.ts'

/** What is said of one file: who has more to mend reads it again after those. */
export const FAULTS_MAX = 100

/** How many things are wrong. */
export function countOf(issues: readonly z.core.$ZodIssue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0)
}

/** What is wrong with one value, in words that follow it; `undefined` where the schema itself says it. */
export function messageOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${TYPES[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`.replace(
        /, ([^,]*)$/,
        ' or $1',
      )
    case 'unrecognized_keys':
      // Not for people yet: the keys that would be right, for `remarksOf`.
      return Object.keys((issue.inst as z.ZodObject).shape).join(' ')
    default:
      return undefined
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys to values',
}

/** What is said of one issue: a line for each key that nobody knows. */
export function remarksOf(issue: z.core.$ZodIssue): Remark[] {
  const path = issue.path as ConfigPath
  const inMap = issue.code === 'invalid_union' ? issue.errors.find(isAboutMap) : undefined
  if (inMap !== undefined) {
    return inMap.flatMap((inner) => remarksOf({ ...inner, path: [...issue.path, ...inner.path] }))
  }
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
  const known = issue.message.split(' ')
  return issue.keys.slice(0, FAULTS_MAX).map((key) => ({
    path: [...path, key],
    message: `unknown key${suggestion(key, known)}; the keys here are ${known.join(', ')}`,
    key: true,
  }))
}

/** Whether a branch of a union took what it was given for its map: then what is wrong in it says more than the union. */
function isAboutMap(issues: readonly z.core.$ZodIssue[]): boolean {
  return issues.every(({ path, code }) => typeof path[0] === 'string' || code === 'unrecognized_keys')
}
