import { describe, expect, it } from 'vitest'
import { checkedUp } from '../../../test/support/checkups.ts'
import { checkContainers } from './crio.ts'

describe('policy.json', () => {
  const check = (policy: unknown) =>
    checkedUp((checkup) => checkContainers(checkup), {
      '/etc/containers/registries.conf':
        '[[registry]]\nlocation = "registry.k8s.io"\n[[registry.mirror]]\nlocation = "m.example"\n',
      '/etc/containers/policy.json': typeof policy === 'string' ? policy : JSON.stringify(policy, null, 1),
    })
  const accept = [{ type: 'insecureAcceptAnything' }]
  const reject = [{ type: 'reject' }]

  it.each([
    ['accepts all', { default: accept }, []],
    ['accepts the registry', { default: reject, transports: { docker: { 'registry.k8s.io': accept } } }, []],
    ['accepts its subdomains', { default: reject, transports: { docker: { '*.k8s.io': accept } } }, []],
    ['rejects all', { default: reject }, ['/etc/containers/policy.json:2 policy-rejects broken']],
    [
      'accepts the mirror alone',
      { default: reject, transports: { docker: { 'm.example': accept } } },
      ['/etc/containers/policy.json:2 policy-rejects broken'],
    ],
    [
      'rejects the registry',
      { default: accept, transports: { docker: { 'registry.k8s.io': reject } } },
      ['/etc/containers/policy.json:9 policy-rejects broken'],
    ],
    [
      'rejects all registries',
      { default: accept, transports: { docker: { '': reject } } },
      ['/etc/containers/policy.json:9 policy-rejects broken'],
    ],
    ['is no JSON', '{\n', ['/etc/containers/policy.json:2 policy-refused broken']],
  ])('%s', (_, policy, faults) => {
    expect(check(policy).faults).toEqual(faults)
  })
})
