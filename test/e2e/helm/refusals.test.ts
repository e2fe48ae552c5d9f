import { describe, expect, it } from 'vitest'
import { BASE, CHART, helm, noHelm, readObjects, template } from '../../support/helm.ts'
import { WRONG_VALUES } from './wrong-values.ts'

describe.skipIf(noHelm !== undefined)('the Helm chart', () => {
  it.each(WRONG_VALUES)('refuses %s', async (_, values, expected) => {
    const { code, stderr, stdout } = await template(values)
    expect(code, stdout.toString()).toBe(1)
    expect(stderr).toContain(expected)
  })

  it.each([
    ['v1.door', 'v1-door-portolan'],
    ['portolan', 'portolan'],
    ['a'.repeat(53), 'a'.repeat(50)],
  ])('makes names of services of a release called %s', async (release, name) => {
    const { stdout } = await helm(['template', release, CHART, '--kube-version', '1.37.0'], BASE)
    const services = readObjects(stdout.toString()).filter(({ kind }) => kind === 'Service')
    expect(services.map(({ metadata }) => metadata.name)).toEqual([name, `${name}-admin`])
  })

  it('says that a release whose name begins with a digit needs another name', async () => {
    const { code, stderr } = await helm(['template', '1door', CHART, '--kube-version', '1.37.0'], BASE)
    expect(code).toBe(1)
    expect(stderr).toContain('fullnameOverride: give one, since "1door-portolan" begins with a digit')
  })
})
