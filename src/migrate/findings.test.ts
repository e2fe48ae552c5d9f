import { describe, expect, it } from 'vitest'
import { KUBERNETES_MAP } from './builtin-map.ts'
import { applyEdits } from './edit.ts'
import { findHelmValues } from './finders/kubernetes.ts'
import { findingsOf } from './findings.ts'
import { createMap, createReverseMap } from './map.ts'
import { parseMapFile } from './map-file.ts'

const MIRROR = parseMapFile(
  'registry.k8s.io: mirror.example:5000/k8s\nk8s.gcr.io: mirror.example:5000/k8s',
  'map.yaml',
)

function rewritten(text: string, map = createMap(KUBERNETES_MAP)): string {
  const source = { path: 'values.yaml', text }
  return applyEdits(
    text,
    findingsOf(source, findHelmValues(source), map).flatMap(({ edits }) => edits),
  )
}

describe('a reference in parts', () => {
  it.each([
    [
      '{registry: k8s.gcr.io, repository: pause, tag: 3.9}',
      '{registry: registry.k8s.io, repository: pause, tag: 3.9}',
    ],
    ['{registry: k8s.gcr.io/, repository: a/b}', '{registry: registry.k8s.io/, repository: a/b}'],
    [
      '{registry: gcr.io, repository: google-containers/pause}',
      '{registry: registry.k8s.io, repository: pause}',
    ],
    [
      '{registry: gcr.io/google-containers, repository: pause}',
      '{registry: registry.k8s.io, repository: pause}',
    ],
    ['{registry: gcr.io, repository: google-samples/x}', '{registry: gcr.io, repository: google-samples/x}'],
    [
      '{registry: k8s.gcr.io, repository: coredns, tag: 1.7.0}',
      '{registry: registry.k8s.io, repository: coredns/coredns, tag: v1.7.0}',
    ],
    [
      '{repository: k8s.gcr.io/coredns, tag: "1.7.0"}',
      '{repository: registry.k8s.io/coredns/coredns, tag: "v1.7.0"}',
    ],
    ['{repository: "k8s.gcr.io/pause:3.9"}', '{repository: "registry.k8s.io/pause:3.9"}'],
    [
      '{registry: k8s.gcr.io, repository: "pause:3.9"}',
      '{registry: registry.k8s.io, repository: "pause:3.9"}',
    ],
    [
      '{registry: "", repository: k8s.gcr.io/pause, tag: ""}',
      '{registry: "", repository: registry.k8s.io/pause, tag: ""}',
    ],
    ['{registry: k8s.gcr.io}', '{registry: registry.k8s.io}'],
    ['{repository: k8s.gcr.io, name: pause}', '{repository: registry.k8s.io, name: pause}'],
  ])('%s', (before, after) => {
    expect(rewritten(`image: ${before}`)).toBe(`image: ${after}`)
  })

  it.each([
    [
      '{registry: registry.k8s.io, repository: pause}',
      '{registry: mirror.example:5000/k8s, repository: pause}',
    ],
    ['{repository: registry.k8s.io/pause}', '{repository: mirror.example:5000/k8s/pause}'],
  ])('%s, onto a mirror and back', (before, after) => {
    expect(rewritten(`image: ${before}`, createMap(MIRROR))).toBe(`image: ${after}`)
    expect(rewritten(`image: ${after}`, createReverseMap(MIRROR))).toBe(`image: ${before}`)
  })
})

it('changes a registry that several images share only where that is right for all', () => {
  const shared =
    'image:\n  registry: &r gcr.io\n  repository: google-containers/a\nother:\n  image: {registry: *r, repository: REST}\n'
  const good = shared.replace('REST', 'google-containers/b')
  expect(rewritten(good)).toBe(good.replace('gcr.io', 'registry.k8s.io').replaceAll('google-containers/', ''))
  const map = createMap(parseMapFile('gcr.io/google-containers: x.io\ngcr.io/other: y.io', 'map.yaml'))
  const bad = shared.replace('REST', 'other/b')
  const source = { path: 'values.yaml', text: bad }
  const findings = findingsOf(source, findHelmValues(source), map)
  expect(findings.map(({ edits }) => edits)).toEqual([[], []])
  expect(findings[0]?.note).toContain('another reference shares a value')
})

it('says where a reference is, and what it is understood as', () => {
  const source = {
    path: 'values.yaml',
    text: 'a: 1\nimage: "K8S.gcr.io/Pause"\nb:\n  image:   K8S.GCR.io/pause # x\n',
  }
  expect(findingsOf(source, findHelmValues(source), createMap(KUBERNETES_MAP))).toMatchObject([
    { path: 'values.yaml', line: 4, column: 12, written: 'K8S.GCR.io/pause', understood: 'k8s.gcr.io/pause' },
  ])
})
