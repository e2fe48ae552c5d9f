import { describe, expect, it } from 'vitest'
import { checkedUp } from '../../../test/support/checkups.ts'
import { checkKubelet } from './kubelet.ts'

describe('the kubelet', () => {
  const FLAGS = '/var/lib/kubelet/kubeadm-flags.env'
  it.each([
    ['1.34.2', []],
    ['1.35.0', [`${FLAGS}:1 kubelet-flag broken`]],
    [undefined, []],
  ])('%s and the flag of the pause image', (version, faults) => {
    const texts = {
      [FLAGS]: 'KUBELET_KUBEADM_ARGS="--pod-infra-container-image=registry.k8s.io/pause:3.9"\n',
    }
    expect(checkedUp((checkup) => checkKubelet(checkup), texts, { version }).faults).toEqual(faults)
  })
})
