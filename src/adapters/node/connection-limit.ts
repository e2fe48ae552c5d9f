import { readFileSync } from 'node:fs'

/** Open files that are not for the door's clients: the admin service's, logs, configs, requests to backends. */
const RESERVE = 64
/** The fewest connections that make a service. */
const LEAST = 16

/**
 * How many files this process may have open. Node raises it to the hard limit when it starts, and so does Bun, so the
 * kernel is asked; where there is no `/proc`, the runtime's own report, which both have.
 */
export function openFilesLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1')
    const soft = /^Max open files +(\d+)/m.exec(limits)?.[1]
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return reportedLimit(process.report.getReport())
  }
}

function reportedLimit(report: object): number {
  const { userLimits } = report as { userLimits?: { open_files?: { soft?: unknown } } }
  const soft = userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY
}

/** How many connections a door takes when so many files may be open: each may have another file behind it. */
export function connectionLimit(openFiles: number): number {
  return Math.max(LEAST, Math.floor((openFiles - RESERVE) / 2))
}
