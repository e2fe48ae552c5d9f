import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { DOCTOR_REPORT } from '../../src/doctor/network/report-schema.ts'
import { inOwnNetwork, noOwnNetwork } from '../harvest/network.ts'
import { DOCKER_CASES } from '../support/docker-cases.ts'
import type { DockerResult } from '../support/dockerd-in-network.ts'
import { findPrograms, run } from '../support/programs.ts'

const SCRIPT = fileURLToPath(new URL('../support/dockerd-in-network.ts', import.meta.url))
const noDocker = findPrograms('docker', 'dockerd', 'containerd', 'openssl').missing ?? noOwnNetwork
// It is mounted over, for dockerd alone.
const why = noDocker ?? (existsSync('/etc/docker') ? undefined : 'there is no /etc/docker')

describe.skipIf(why)(`dockerd ${why ?? ''}`, () => {
  let results: readonly DockerResult[] = []
  beforeAll(async () => {
    const ran = await run(...inOwnNetwork([process.execPath, SCRIPT]), { timeout: 400_000 })
    expect(ran.stdout.toString(), ran.stderr).toMatch(/^\[/)
    results = JSON.parse(ran.stdout.toString())
  }, 420_000)

  it.each(DOCKER_CASES)('does as doctor says where $name', ({ name, cause, warns }) => {
    const { pulled, said, code, report, asked } = results.find((one) => one.name === name)!
    const { summary, allow } = DOCTOR_REPORT.parse(report)
    expect({ pulled, said, code, cause: summary.cause }).toMatchObject(
      cause === undefined ? { pulled: true, code: 0, cause: warns } : { pulled: false, code: 1, cause },
    )
    const named = new Set(
      allow.map(({ host, port }) => `${host.replace('registry.test', '192.0.2.1')}:${port}`),
    )
    if (cause === undefined && warns === undefined) expect(named).toEqual(new Set(asked))
  })
})
