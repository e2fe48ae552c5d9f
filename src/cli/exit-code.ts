import type { ErrorCode } from '../errors.ts'

/** How a command ends; the same numbers for every command, so that scripts can rely on them. */
export const EXIT = { done: 0, failed: 1, wrongUsage: 2, unreachable: 3 } as const

const CODES: Readonly<Partial<Record<ErrorCode, number>>> = {
  ADDRESS_INVALID: EXIT.wrongUsage,
  CONFIG_INVALID: EXIT.wrongUsage,
  DIGEST_INVALID: EXIT.wrongUsage,
  FILE_UNREADABLE: EXIT.wrongUsage,
  LISTEN_FAILED: EXIT.unreachable,
  REFERENCE_INVALID: EXIT.wrongUsage,
  USAGE: EXIT.wrongUsage,
  UNREACHABLE: EXIT.unreachable,
}

/** The exit code for an error that ended a command. */
export function exitCodeOf(code: ErrorCode): number {
  return CODES[code] ?? EXIT.failed
}
