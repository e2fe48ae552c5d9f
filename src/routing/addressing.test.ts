import { expect, test } from 'vitest'
import type { RegistryConfig } from '../config/config.ts'
import { isFault } from '../oci/errors.ts'
import { createAddressing } from './addressing.ts'
import { parseRequest } from './parse-request.ts'

const K8S = registry('registry.k8s.io', { names: ['k8s.mirror.example'] })
const HUB = registry('docker.io', { path: 'hub', names: ['hub.mirror.example'] })
const LOCAL = registry('registry.test:5000', {})
const SEVERAL = [K8S, HUB, LOCAL]

const rows: [target: string, host: string, expected: string, registries?: RegistryConfig[]][] = [
  ['/v2/pause/tags/list?ns=registry.k8s.io', 'x', 'registry.k8s.io ns pause'],
  ['/v2/pause/tags/list?n=1&ns=Registry.K8S.io', 'hub.mirror.example', 'registry.k8s.io ns pause'],
  // The namespace counts first, and then the name is whole.
  ['/v2/hub/x/tags/list?ns=registry.k8s.io', 'x', 'registry.k8s.io ns hub/x'],
  ['/v2/alpine/tags/list?ns=docker.io', 'x', 'docker.io ns alpine'],
  ['/v2/library/alpine/tags/list?ns=index.docker.io', 'x', 'docker.io ns library/alpine'],
  ['/v2/pause/tags/list?ns=registry.test%3A5000', 'x', 'registry.test:5000 ns pause'],
  ['/v2/registry.k8s.io/pause/tags/list', 'x', 'registry.k8s.io path pause'],
  ['/v2/registry.k8s.io/coredns/coredns/tags/list', 'x', 'registry.k8s.io path coredns/coredns'],
  ['/v2/hub/alpine/tags/list', 'k8s.mirror.example', 'docker.io path library/alpine'],
  ['/v2/hub/library/alpine/tags/list', 'x', 'docker.io path library/alpine'],
  // The name of a registry alone is a repository.
  ['/v2/hub/tags/list', 'k8s.mirror.example', 'registry.k8s.io host hub'],
  ['/v2/pause/tags/list', 'K8s.Mirror.Example:8443', 'registry.k8s.io host pause'],
  ['/v2/alpine/tags/list', 'hub.mirror.example', 'docker.io host library/alpine'],
  ['/v2/team/app/tags/list?ns=', 'hub.mirror.example', 'docker.io host team/app'],
  ['/v2/pause/tags/list', '', 'NAME_UNKNOWN'],
  ['/v2/pause/tags/list', 'docker.io', 'NAME_UNKNOWN'],
  ['/v2/pause/tags/list?ns=169.254.169.254', 'k8s.mirror.example', 'NAME_UNKNOWN'],
  ['/v2/docker.io/library/alpine/tags/list', '', 'NAME_UNKNOWN'],
  ['/v2/pause/tags/list', 'x', 'registry.k8s.io only pause', [K8S]],
  ['/v2/registry.k8s.io/pause/tags/list', 'x', 'registry.k8s.io path pause', [K8S]],
  ['/v2/pause/tags/list?ns=docker.io', 'x', 'NAME_UNKNOWN', [K8S]],
  ['/v2/alpine/tags/list', 'x', 'docker.io only library/alpine', [HUB]],
  [`/v2/${'a'.repeat(255)}/tags/list`, 'x', 'NAME_UNKNOWN', [HUB]],
]

test.each(rows)('%s at %j is %s', (target, host, expected, registries = SEVERAL) => {
  const parsed = parseRequest('GET', target)
  if (parsed.kind !== 'oci' || parsed.request.kind !== 'tags') throw new Error('no request for tags')
  const found = createAddressing(registries)(parsed.request, parsed.query, host)
  const told = isFault(found) ? found.code : `${found.registry.host} ${found.by} ${found.request.name}`
  expect(told).toBe(expected)
})

function registry(
  host: string,
  rest: Partial<RegistryConfig>,
  path: string | undefined = host.includes(':') ? undefined : host,
): RegistryConfig {
  return {
    host,
    ...(path !== undefined && { path }),
    names: [],
    upstreams: ['a'],
    stores: [],
    public: false,
    ...rest,
  }
}
