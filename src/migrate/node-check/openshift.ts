import type { Checkup, MirrorLink, Where } from './checkup.ts'
import { type SettingsDocument, textsOf, valueAt } from './settings-text.ts'

const SETS = {
  ImageTagMirrorSet: { key: 'imageTagMirrors', use: 'by tag' },
  ImageDigestMirrorSet: { key: 'imageDigestMirrors', use: 'by digest' },
  ImageContentSourcePolicy: { key: 'repositoryDigestMirrors', use: 'by digest' },
} as const

/** Looks at OpenShift's objects for mirrors, all of a file together: one kind is for tags, the others for digests. */
export function checkOpenshift(checkup: Checkup, file: string, documents: readonly SettingsDocument[]): void {
  const entries = documents.flatMap((document) => mirrorEntries(file, document))
  const uses = new Set(entries.map(({ kind, source }) => `${SETS[kind].use} ${source}`))
  for (const { kind, source, mirrors, never, where } of entries) {
    const { use } = SETS[kind]
    for (const text of [source, ...mirrors]) checkLocation(checkup, where, text)
    const hasOther = uses.has(`${use === 'by tag' ? 'by digest' : 'by tag'} ${source}`)
    if (!hasOther) {
      const other = use === 'by tag' ? 'ImageDigestMirrorSet' : 'ImageTagMirrorSet'
      checkup.fault(where, {
        rule: 'mirror-use',
        effect: 'partial',
        problem: `${kind} is for references ${use} alone: the others of ${source} do not go to the mirror`,
        fix: `add the same to an ${other}; portolan node-config --for openshift prints both`,
      })
    }
    const works = hasOther ? 'used' : 'partly'
    const links = mirrors.map(
      (mirror): MirrorLink => ({
        where,
        asks: mirror,
        state: /:\/\//.test(source + mirror) ? 'unused' : works,
      }),
    )
    checkup.chain(source, links, never ? null : source)
  }
}

function mirrorEntries(file: string, document: SettingsDocument) {
  const kind = valueAt(document.value, 'kind')
  if (typeof kind !== 'string' || !isSet(kind)) return []
  const { key } = SETS[kind]
  const entries = valueAt(document.value, 'spec', key)
  return (Array.isArray(entries) ? entries : []).map((entry, index) => ({
    kind,
    source: String(valueAt(entry, 'source')),
    mirrors: textsOf(valueAt(entry, 'mirrors')),
    never: valueAt(entry, 'mirrorSourcePolicy') === 'NeverContactSource',
    where: { file, line: document.line(['spec', key, index]) },
  }))
}

/** Whether a kind of object is one of OpenShift's for mirrors. */
export function isSet(kind: string): kind is keyof typeof SETS {
  return Object.hasOwn(SETS, kind)
}

function checkLocation(checkup: Checkup, where: Where, text: string): void {
  if (!/:\/\/|\/$|\/v2(?:\/|$)/.test(text)) return
  checkup.fault(where, {
    rule: 'mirror-location',
    effect: 'broken',
    problem: `${text} is no beginning of a reference: it has a scheme, /v2, or a / at the end`,
    fix: `write ${text
      .replace(/^\w+:\/\//, '')
      .replace(/\/v2(?=\/|$)/, '')
      .replace(/\/+$/, '')}`,
  })
}
