import type { NeededHost } from '../../doctor/needed-hosts.ts'
import { type ComparedHost, compareHosts, type HostsDiff } from '../../endpoints/compare-hosts.ts'
import { EXIT } from '../exit-code.ts'
import { findHosts } from '../find-hosts.ts'
import { printable, printJson } from '../print.ts'
import { readConfig } from '../read-config.ts'
import { readHostList } from '../read-host-list.ts'
import { formatTable } from '../table.ts'
import type { HostsOptions } from './hosts-spec.ts'

/**
 * Prints what a network must allow for a config, or what of that is new; gives the exit code: 3 where an upstream could
 * not be asked, 1 where something is new or no longer needed.
 */
export async function runHosts({ config: file, diff, ...options }: HostsOptions): Promise<number> {
  const config = await readConfig(file)
  const old = diff === undefined ? undefined : await readHostList(diff)
  const { hosts, problems } = await findHosts(config, options)
  const changes = old && compareHosts(old.hosts, old.comparable(hosts))
  if (options.json) printJson({ ...(changes ?? { hosts }), asked: !options.offline, problems })
  else process.stdout.write(`${changes === undefined ? formatHosts(hosts) : formatDiff(changes)}\n`)
  for (const problem of problems) console.error(`portolan: not all is known: ${problem}`)
  if (problems.length > 0) return EXIT.unreachable
  return changes === undefined || isNone(changes) ? EXIT.done : EXIT.failed
}

function formatHosts(hosts: readonly NeededHost[]): string {
  const rows = hosts.map(({ host, port, from, why }) => [host, portOf(port), from.join(', '), why.join('; ')])
  return formatTable(['host', 'port', 'for', 'why'], rows)
}

function formatDiff(diff: HostsDiff): string {
  if (isNone(diff)) return 'nothing has changed'
  const row = (what: string, { host, port, why }: ComparedHost) =>
    [what, host, portOf(port), why.join('; ')].map(printable)
  return formatTable(
    ['', 'host', 'port', 'why'],
    [
      ...diff.added.map((host) => row('allow', host)),
      ...diff.removed.map((host) => row('no longer needed', host)),
    ],
  )
}

function isNone({ added, removed }: HostsDiff): boolean {
  return added.length + removed.length === 0
}

function portOf(port: NeededHost['port']): string {
  return port === null ? 'a free one' : String(port)
}
