import type { Config, UpstreamConfig } from '../../config/config.ts'
import { ofLogin } from '../../doctor/login-hosts.ts'
import { joinNeeds, type NeededHost, needsOf } from '../../doctor/needed-hosts.ts'
import { askUpstream, LATEST, type TriedImage } from '../../doctor/upstream-hosts.ts'
import { parseName } from '../../oci/name.ts'
import { parseReference } from '../../oci/reference.ts'
import { commandRuntime } from '../command-runtime.ts'
import { EXIT } from '../exit-code.ts'
import { printJson } from '../print.ts'
import { readConfig } from '../read-config.ts'
import { formatTable } from '../table.ts'
import type { HostsOptions } from './hosts-spec.ts'

/** Prints what a network must allow for a config; gives the exit code, 3 where an upstream could not be asked. */
export async function runHosts({ config: file, image, offline, json }: HostsOptions): Promise<number> {
  const config = await readConfig(file)
  const named = image === undefined ? undefined : readImage(image)
  const remote = config.upstreams.filter((upstream) => isRemote(upstream))
  const asked = offline
    ? []
    : await Promise.all(
        remote.map((upstream) => askUpstream(upstream, named ?? imageOf(upstream, config), commandRuntime)),
      )
  const hosts = joinNeeds([
    ...needsOf(config),
    ...config.upstreams.flatMap(ofLogin),
    ...asked.flatMap(({ needs }) => needs),
  ])
  const problems = asked.flatMap(({ problem }) => problem ?? [])
  if (json) printJson({ hosts, asked: !offline, problems })
  else process.stdout.write(`${formatHosts(hosts)}\n`)
  for (const problem of problems) console.error(`portolan: not all is known: ${problem}`)
  return problems.length === 0 ? EXIT.done : EXIT.unreachable
}

function formatHosts(hosts: readonly NeededHost[]): string {
  const rows = hosts.map(({ host, port, from, why }) => [
    host,
    port === null ? 'a free one' : String(port),
    from.join(', '),
    why.join('; '),
  ])
  return formatTable(['host', 'port', 'for', 'why'], rows)
}

function isRemote(upstream: UpstreamConfig): upstream is UpstreamConfig & { readonly url: string } {
  return upstream.url !== undefined
}

function readImage(text: string): TriedImage {
  const { name, tag, digest } = parseReference(text)
  return { name, reference: digest ?? tag ?? LATEST }
}

/** Something that the upstream is known to have. */
function imageOf({ canary }: UpstreamConfig, { sync }: Config): TriedImage | undefined {
  if (canary !== undefined) return readImage(canary)
  const list = sync?.repositories.list
  const name = typeof list === 'object' ? parseName(list[0] ?? '') : undefined
  return name && { name, reference: LATEST }
}
