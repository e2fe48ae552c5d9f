import { expect, it } from 'vitest'
import { KUBERNETES_MAP } from '../builtin-map.ts'
import { findingsOf } from '../findings.ts'
import { createMap } from '../map.ts'
import { writtenOf } from '../name.ts'
import { CustomReferences } from './custom-references.ts'
import { NOWHERE } from './placeless.ts'

const references = new CustomReferences(createMap(KUBERNETES_MAP))
const thing = (spec: unknown) => ({
  ...{ key: 'Thing/x', kind: 'Thing', group: 'acme.example' },
  content: { apiVersion: 'acme.example/v1', kind: 'Thing', metadata: {}, spec },
})

it.each<[string, unknown, string[], number]>([
  ['a value', { a: 'k8s.gcr.io/a:1' }, ['spec.a k8s.gcr.io/a:1'], 0],
  ['one value twice at one place', { a: ['k8s.gcr.io/a:1', 'k8s.gcr.io/a:1'] }, ['spec.a k8s.gcr.io/a:1'], 0],
  [
    'an object within it',
    {
      x: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { containers: [{ name: 'c', image: 'k8s.gcr.io/a:1' }] },
      },
    },
    ['Pod/p container c k8s.gcr.io/a:1'],
    0,
  ],
  [
    'a manifest in a text',
    {
      manifest:
        'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: [{name: c, image: "k8s.gcr.io/a:1"}]\n',
    },
    ['spec.manifest: Pod/p container c k8s.gcr.io/a:1'],
    0,
  ],
  [
    'a template in a text',
    { t: '{{ if .x }}\nimage: k8s.gcr.io/a:1\n{{ end }}\n' },
    ['spec.t k8s.gcr.io/a:1'],
    0,
  ],
  ['prose', { description: 'it was k8s.gcr.io/a:1, once' }, [], 1],
  ['a key', { 'k8s.gcr.io': { mirror: 'x' } }, [], 1],
  ['another host', { a: 'quay.io/a:1' }, [], 0],
])('finds in a custom resource %s', (_, spec, expected, mentions) => {
  const reading = references.find(thing(spec))
  expect(reading.found.map(({ owner, parts }) => `${owner} ${writtenOf(parts)}`)).toEqual(expected)
  expect(reading).toMatchObject({ mentions })
  expect(reading.unread).toBeUndefined()
})

it.each([
  [
    'is longer than any in a cluster',
    { a: 'k8s.gcr.io/a:1', b: 'x'.repeat(9_000_000) },
    /longer than 8388608/,
  ],
  ['is nested deeper than can be written', nested(200_000), /nested too deeply/],
  ['is nested deeper than can be read', { a: 'k8s.gcr.io/a:1', b: nested(3000) }, /nested too deeply/],
])('says so of one that %s', (_, spec, reason) => {
  expect(references.find(thing(spec)).unread).toMatch(reason)
})

it('reads nothing of a long one that names no host of the map', () => {
  expect(references.find(thing({ b: 'x'.repeat(9_000_000) }))).toEqual({ found: [], mentions: 0 })
})

function nested(depth: number): unknown {
  let value: unknown = 'k8s.gcr.io/a:1'
  for (let level = 0; level < depth; level++) value = { a: value }
  return value
}

it('leaves the names that an override of Flux has to share with manifests', () => {
  const { found } = references.find({
    ...{ key: 'Kustomization/app', kind: 'Kustomization', group: 'kustomize.toolkit.fluxcd.io' },
    content: {
      ...{ apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata: {} },
      spec: { images: [{ name: 'k8s.gcr.io/a', newName: 'k8s.gcr.io/b', newTag: '1' }] },
    },
  })
  const notes = findingsOf(NOWHERE, found, createMap(KUBERNETES_MAP)).map(
    ({ understood, replacement, note }) => [understood, replacement, note],
  )
  expect(notes).toEqual([
    [
      'k8s.gcr.io/a',
      undefined,
      'it has to be what the manifests say that it is applied to: change it together with them',
    ],
    ['k8s.gcr.io/b:1', 'registry.k8s.io/b:1', undefined],
  ])
})
