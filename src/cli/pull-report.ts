import type { NamedCause } from '../doctor/errors/explain.ts'
import type { ExplainedPullFailure } from './explain-pull-failure.ts'
import { printable } from './print.ts'
import { count } from './scan-report.ts'
import { formatTable } from './table.ts'

/** How many rows a table has; `--json` has more. */
const ROWS_MAX = 50
/** How much of what was said a row has. */
const MESSAGE_MAX = 300

/** The images that pods of a cluster cannot pull, as a table; '' when there are none. */
export function formatPullFailures(failures: readonly ExplainedPullFailure[]): string {
  if (failures.length === 0) return ''
  const rows = failures
    .slice(0, ROWS_MAX)
    .map(
      ({
        image = '-',
        replacement = '-',
        pods,
        examples,
        count: times,
        lastSeen = '-',
        reason,
        message,
        causes,
      }) => [
        printable(image),
        printable(replacement),
        printable(podsOf(pods, examples)),
        String(times),
        lastSeen,
        causes[0]?.id ?? '-',
        printable(message === undefined ? reason : `${reason}: ${shorten(message)}`),
      ],
    )
  const more = failures.length - ROWS_MAX
  return [
    "pods that cannot pull (events of the cluster's last hour)",
    formatTable(['image', 'becomes', 'pods', 'times', 'last seen', 'likely cause', 'what was said'], rows),
    ...(more > 0 ? [`  and ${count(more, 'more image')} (--json has them)`] : []),
    ...meanings(failures.slice(0, ROWS_MAX).flatMap(({ causes }) => causes.slice(0, 1))),
  ].join('\n')
}

/** What the causes in the table mean, each once for a host, and what to do first. */
function meanings(causes: readonly NamedCause[]): readonly string[] {
  const lines = causes.map(({ id, is, try: [first] }) => `  ${id}: ${is}; try ${first}`)
  return lines.length === 0 ? [] : ['', ...new Set(lines)]
}

function shorten(message: string): string {
  return message.length > MESSAGE_MAX ? `${message.slice(0, MESSAGE_MAX - 1)}…` : message
}

function podsOf(pods: number, examples: readonly string[]): string {
  const [first = ''] = examples
  return pods > 1 ? `${first} and ${pods - 1} more` : first
}
