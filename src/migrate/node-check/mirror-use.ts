import { authorityUnder, type NodeMirror, originOf, prefixOf } from '../mirror-config/node-mirror.ts'
import type { NodeCheck } from './check-node.ts'
import type { CheckFinding } from './report.ts'

/** Where the settings of a tool that pulls begin, for a machine that has none. */
const FIRST_FILES: Readonly<Record<string, string>> = {
  containerd: '/etc/containerd/certs.d',
  crio: '/etc/containers/registries.conf.d/50-mirror.conf',
  docker: '/etc/docker/daemon.json',
  k3s: '/etc/rancher/k3s/registries.yaml',
  rke2: '/etc/rancher/rke2/registries.yaml',
  k0s: '/etc/k0s/certs.d',
  microk8s: '/var/snap/microk8s/current/args/certs.d',
}

/** What of a mirror's registries the tools of a machine do not pull through it. */
export function checkMirrorUse(
  { files, mirrors }: NodeCheck,
  mirror: NodeMirror,
  only?: string,
): CheckFinding[] {
  const pulling = new Set(files.flatMap(({ tool }) => (Object.hasOwn(FIRST_FILES, tool) ? [tool] : [])))
  if (pulling.size === 0)
    pulling.add(only !== undefined && Object.hasOwn(FIRST_FILES, only) ? only : 'containerd')
  return [...pulling].flatMap((tool) =>
    mirror.registries.flatMap((registry): CheckFinding[] => {
      // dockerd has mirrors of no other.
      if (tool === 'docker' && registry.host !== 'docker.io') return []
      const asked = mirrors.filter(
        (link) => link.tool === tool && (link.registry === registry.host || link.registry === '*'),
      )
      const wanted = [
        `${originOf(mirror)}/v2`,
        ...(registry.path === undefined ? [] : [`${originOf(mirror)}/v2/${registry.path}`]),
        ...registry.names.map((name) => `${mirror.scheme}://${authorityUnder(mirror, name)}/v2`),
        ...[prefixOf(mirror, registry) ?? []].flat(),
      ]
      // Why one that is set is not used is a finding already.
      if (asked.some(({ asks }) => wanted.includes(asks))) return []
      const { file, line } = asked[0] ?? { file: FIRST_FILES[tool]!, line: 1 }
      const others = asked.map(({ asks }) => asks)
      return [
        {
          tool,
          rule: 'not-through-mirror',
          effect: 'unused',
          file,
          line,
          problem: `${registry.host} is not pulled through the mirror${others.length === 0 ? '' : `: ${others.join(', then ')} is asked`}`,
          fix: `portolan node-config --for ${printedAs(tool)} with the same --config and --mirror prints the settings`,
        },
      ]
    }),
  )
}

/** Whose settings are printed for a tool that is only checked. */
function printedAs(tool: string): string {
  return tool === 'rke2' ? 'k3s' : ['k0s', 'microk8s'].includes(tool) ? 'containerd' : tool
}
