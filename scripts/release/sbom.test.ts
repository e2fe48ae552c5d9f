import { describe, expect, it } from 'vitest'
import { type Bill, purlOf, toCycloneDx, toSpdx } from './sbom.ts'

const integrity = `sha512-${Buffer.alloc(64, 0xab).toString('base64')}`
const one = { name: 'one', version: '1.0.0', licence: 'MIT', text: '…', integrity }
const scoped = {
  name: '@some/two',
  version: '2.0.0-rc.1',
  licence: '(MIT OR Apache-2.0)',
  text: '…',
  integrity,
}

const bill: Bill = {
  subject: {
    name: 'whole',
    version: '0.1.0',
    description: 'a whole',
    licence: 'Apache-2.0',
    homepage: 'https://whole.example/',
  },
  packages: [scoped, one, one],
  date: new Date('2026-11-27T12:00:00.500Z'),
}

describe.each([
  ['CycloneDX', toCycloneDx],
  ['SPDX', toSpdx],
])('a bill of materials as %s', (_, format) => {
  it('is the same text whatever the order of the packages', () => {
    expect(format({ ...bill, packages: [one, scoped] })).toBe(format(bill))
  })

  it.each<[what: string, other: Bill]>([
    ['package', { ...bill, packages: [one] }],
    ['version', { ...bill, subject: { ...bill.subject, version: '0.2.0' } }],
    ['date', { ...bill, date: new Date('2026-11-28') }],
  ])('has another identity with another %s', (_, other) => {
    const identityOf = (text: string) => {
      const { serialNumber, documentNamespace } = JSON.parse(text)
      return serialNumber ?? documentNamespace
    }
    expect(identityOf(format(bill))).toMatch(
      /[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    expect(identityOf(format(other))).not.toBe(identityOf(format(bill)))
  })

  it('names neither a registry nor this machine', () => {
    expect(format(bill)).not.toMatch(/registry|localhost|\/home|\/root|\/tmp/)
  })
})

it('says in CycloneDX what a package is, under which licence, and which bytes', () => {
  const { metadata, components, dependencies } = JSON.parse(toCycloneDx(bill))
  expect(metadata).toMatchObject({
    timestamp: '2026-11-27T12:00:00Z',
    component: { purl: 'pkg:npm/whole@0.1.0' },
  })
  expect(components).toEqual([
    {
      'bom-ref': 'pkg:npm/%40some/two@2.0.0-rc.1',
      type: 'library',
      name: '@some/two',
      version: '2.0.0-rc.1',
      hashes: [{ alg: 'SHA-512', content: 'ab'.repeat(64) }],
      licenses: [{ expression: '(MIT OR Apache-2.0)' }],
      purl: 'pkg:npm/%40some/two@2.0.0-rc.1',
    },
    expect.objectContaining({ name: 'one', licenses: [{ license: { id: 'MIT' } }] }),
  ])
  expect(dependencies[0]).toEqual({ ref: 'pkg:npm/whole@0.1.0', dependsOn: [purlOf(scoped), purlOf(one)] })
})

it('says in SPDX that the whole contains each package', () => {
  const { packages, relationships, creationInfo } = JSON.parse(toSpdx(bill))
  expect(creationInfo.created).toBe('2026-11-27T12:00:00Z')
  expect(packages.map((each: { SPDXID: string }) => each.SPDXID)).toEqual([
    'SPDXRef-Package-whole-0.1.0',
    'SPDXRef-Package-some.two-2.0.0-rc.1',
    'SPDXRef-Package-one-1.0.0',
  ])
  expect(relationships.slice(1)).toEqual(
    ['some.two-2.0.0-rc.1', 'one-1.0.0'].map((part) => ({
      spdxElementId: 'SPDXRef-Package-whole-0.1.0',
      relatedSpdxElement: `SPDXRef-Package-${part}`,
      relationshipType: 'CONTAINS',
    })),
  )
})
