import type { PullFailure } from '../migrate/cluster/pull-failures.ts'
import { printable } from './print.ts'
import { count } from './scan-report.ts'
import { formatTable } from './table.ts'

/** How many rows a table has; `--json` has more. */
const ROWS_MAX = 50

/** The images that pods of a cluster cannot pull, as a table; '' when there are none. */
export function formatPullFailures(failures: readonly PullFailure[]): string {
  if (failures.length === 0) return ''
  const rows = failures
    .slice(0, ROWS_MAX)
    .map(
      ({ image = '-', replacement = '-', pods, examples, count: times, lastSeen = '-', reason, message }) => [
        printable(image),
        printable(replacement),
        printable(podsOf(pods, examples)),
        String(times),
        lastSeen,
        printable(message === undefined ? reason : `${reason}: ${message}`),
      ],
    )
  const more = failures.length - ROWS_MAX
  return [
    "pods that cannot pull (events of the cluster's last hour)",
    formatTable(['image', 'becomes', 'pods', 'times', 'last seen', 'what was said'], rows),
    ...(more > 0 ? [`  and ${count(more, 'more image')} (--json has them)`] : []),
  ].join('\n')
}

function podsOf(pods: number, examples: readonly string[]): string {
  const [first = ''] = examples
  return pods > 1 ? `${first} and ${pods - 1} more` : first
}
