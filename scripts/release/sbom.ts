import { createHash } from 'node:crypto'
import type { BundledPackage } from '../build/licences.ts'

/** What a bill of materials is of. */
export interface Subject {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly licence: string
  /** Where it lives, for the names of documents; nothing is asked there. */
  readonly homepage: string
}

export interface Bill {
  readonly subject: Subject
  /** What the subject contains, whole or in part; each once. */
  readonly packages: readonly BundledPackage[]
  /** Of the commit, so that one commit gives one document. */
  readonly date: Date
}

/** The bill as CycloneDX 1.6 (cyclonedx.org/docs/1.6/json), as text. */
export function toCycloneDx({ subject, packages, date }: Bill): string {
  const sorted = inOrder(packages)
  const whole = purlOf(subject)
  return toJson({
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf({ subject, packages: sorted, date })}`,
    version: 1,
    metadata: {
      timestamp: timeOf(date),
      lifecycles: [{ phase: 'build' }],
      component: {
        'bom-ref': whole,
        type: 'application',
        name: subject.name,
        version: subject.version,
        description: subject.description,
        licenses: licensesOf(subject.licence),
        purl: whole,
      },
    },
    components: sorted.map((each) => ({
      'bom-ref': purlOf(each),
      type: 'library',
      name: each.name,
      version: each.version,
      ...(each.integrity !== undefined && {
        hashes: [{ alg: 'SHA-512', content: hexOf(each.integrity) }],
      }),
      licenses: licensesOf(each.licence ?? 'NOASSERTION'),
      purl: purlOf(each),
    })),
    dependencies: [
      { ref: whole, dependsOn: sorted.map(purlOf) },
      ...sorted.map((each) => ({ ref: purlOf(each) })),
    ],
  })
}

/** The bill as SPDX 2.3 (spdx.github.io/spdx-spec/v2.3), as text. */
export function toSpdx({ subject, packages, date }: Bill): string {
  const sorted = inOrder(packages)
  const whole = spdxIdOf(subject)
  return toJson({
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `${subject.name}@${subject.version}`,
    documentNamespace: new URL(`spdx/${uuidOf({ subject, packages: sorted, date })}`, subject.homepage).href,
    creationInfo: { created: timeOf(date), creators: ['Tool: portolan-build'] },
    packages: [
      spdxPackage({ ...subject, text: '' }, 'APPLICATION'),
      ...sorted.map((each) => spdxPackage(each, 'LIBRARY')),
    ],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relatedSpdxElement: whole, relationshipType: 'DESCRIBES' },
      ...sorted.map((each) => ({
        spdxElementId: whole,
        relatedSpdxElement: spdxIdOf(each),
        relationshipType: 'CONTAINS',
      })),
    ],
  })
}

function spdxPackage(each: BundledPackage, purpose: 'APPLICATION' | 'LIBRARY'): object {
  return {
    name: each.name,
    SPDXID: spdxIdOf(each),
    versionInfo: each.version,
    primaryPackagePurpose: purpose,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseDeclared: each.licence ?? 'NOASSERTION',
    licenseConcluded: 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    ...(each.integrity !== undefined && {
      checksums: [{ algorithm: 'SHA512', checksumValue: hexOf(each.integrity) }],
    }),
    externalRefs: [
      { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purlOf(each) },
    ],
  }
}

interface Named {
  readonly name: string
  readonly version: string
}

/** Package URL (github.com/package-url/purl-spec, type npm): only the `@` of a scope is encoded. */
export function purlOf({ name, version }: Named): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`
}

/** Letters, digits, `.` and `-` are all that there may be in it. */
function spdxIdOf({ name, version }: Named): string {
  return `SPDXRef-Package-${`${name.replace('@', '').replace('/', '.')}-${version}`.replace(/[^A-Za-z0-9.-]/g, '-')}`
}

function licensesOf(licence: string): object[] {
  return / /.test(licence) ? [{ expression: licence }] : [{ license: { id: licence } }]
}

function hexOf(integrity: string): string {
  return Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex')
}

/** One and the same for one and the same bill (RFC 9562, version 8). */
function uuidOf(bill: Bill): string {
  const bytes = createHash('sha256').update(JSON.stringify(bill)).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

function inOrder(packages: readonly BundledPackage[]): BundledPackage[] {
  const byPurl = new Map(packages.map((each) => [purlOf(each), each]))
  return [...byPurl.keys()].sort().map((purl) => byPurl.get(purl)!)
}

/** Whole seconds: SPDX knows no others. */
function timeOf(date: Date): string {
  return date.toISOString().replace(/\.\d+/, '')
}

function toJson(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
