import { expect, it } from 'vitest'
import { memoryFiles } from '../../../test/support/node-files.ts'
import { lateAuthorities, systemAuthorities } from './authorities.ts'

const PEM = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`
const START = new Date('2026-01-02T00:00:00Z')
const BUNDLE = '/etc/pki/tls/certs/ca-bundle.crt'
const ANCHOR = '/etc/pki/ca-trust/source/anchors/corp.pem'

/** What a program that has started then does not know, of files with the seconds from then until they were changed. */
function late(
  files: Readonly<Record<string, readonly [text: string, seconds: number]>>,
  known: readonly string[] = [],
) {
  const texts = Object.fromEntries(Object.entries(files).map(([path, [text]]) => [path, text]))
  const machine = {
    ...memoryFiles(texts),
    changedAt: (path: string) => new Date(START.getTime() + (files[path]?.[1] ?? 0) * 1000),
  }
  return lateAuthorities(machine, systemAuthorities(machine, {}), { since: START }, known)
}

it('is what came into a bundle since, by its last change', () => {
  expect(late({ [BUNDLE]: [PEM('corp'), -1] })).toBeUndefined()
  expect(late({ [BUNDLE]: [PEM('corp'), 60], '/etc/pki/tls/certs/other.pem': [PEM('other'), -60] })).toEqual({
    ...{ certificates: [PEM('corp').trim()], file: BUNDLE },
    changed: new Date('2026-01-02T00:01:00Z'),
  })
})

it('is nothing that was in another file, that browsers trust, or that lay where authorities are put', () => {
  const replaced = { [BUNDLE]: [PEM('corp'), 60] } as const
  expect(late({ ...replaced, '/etc/pki/tls/certs/corp.pem': [PEM('corp'), -60] })).toBeUndefined()
  expect(late(replaced, [PEM('corp').replaceAll('\n', '\r\n')])).toBeUndefined()
  expect(late({ ...replaced, [ANCHOR]: [PEM('corp'), -60] })).toBeUndefined()
  expect(late({ ...replaced, [ANCHOR]: [PEM('corp'), 30] })?.file).toBe(BUNDLE)
})

it('is not what was changed in the second of the start, which is known no better', () => {
  expect(late({ [BUNDLE]: [PEM('corp'), 0.9] })).toBeUndefined()
})
