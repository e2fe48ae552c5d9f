import { describe, expect, it } from 'vitest'
import { checkedUp } from '../../../test/support/checkups.ts'
import { checkCrio } from './crio.ts'

describe("CRI-O's own files", () => {
  it('hold no registries, and are TOML', () => {
    const { faults } = checkedUp((checkup) => checkCrio(checkup), {
      '/etc/crio/crio.conf': '[crio.image]\npause_image = "a"\nregistries = ["docker.io"]\n',
      '/etc/crio/crio.conf.d/a.conf': '[crio.image\n',
    })
    expect(faults).toEqual([
      '/etc/crio/crio.conf:3 crio-key unused',
      '/etc/crio/crio.conf.d/a.conf:1 not-toml broken',
    ])
  })
})
