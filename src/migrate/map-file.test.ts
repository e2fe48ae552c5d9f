import { expect, it } from 'vitest'
import { parseMapFile } from './map-file.ts'

it.each([
  ['pairs', 'registry.k8s.io: mirror.example/k8s\nquay.io/: Mirror.Example:5000/quay # ours\n'],
  [
    'a list',
    '- from: registry.k8s.io\n  to: mirror.example/k8s\n- { from: quay.io, to: "mirror.example:5000/quay" }\n',
  ],
  ['JSON', '{"registry.k8s.io": "mirror.example/k8s", "quay.io": "mirror.example:5000/quay"}'],
])('reads %s', (_, text) => {
  expect(parseMapFile(text, 'map.yaml')).toEqual({
    moves: [
      { from: 'registry.k8s.io', to: 'mirror.example/k8s' },
      { from: 'quay.io', to: 'mirror.example:5000/quay' },
    ],
    related: [],
  })
})

it('reads renames', () => {
  const text = '- from: a.io\n  to: b.io\n  renames: { coredns: coredns/coredns }\n'
  expect(parseMapFile(text, 'map.yaml').moves[0]?.renames).toEqual([
    { from: 'coredns', to: 'coredns/coredns' },
  ])
})

it.each([
  ['', 'map.yaml:1:1: must be pairs FROM: TO'],
  ['{}', 'map.yaml:1:1: has no names to move'],
  ['just text', 'map.yaml:1:1: must be pairs FROM: TO'],
  ['a: [', 'map.yaml:1:5: is not YAML'],
  ['a.io: b.io\nb.io: c.io', 'map.yaml:1:7: what moves to "b.io" would be moved again by "b.io": "c.io"'],
  ['a.io: a.io/b', 'map.yaml:1:7: what moves to "a.io/b" would be moved again'],
  ['a.io: https://b.io', 'map.yaml:1:7: "https://b.io" is no name to move to'],
  ['a.io/image:1.0: b.io', 'map.yaml:1:1: "a.io/image:1.0" is no name to move from'],
  ['nginx: b.io', 'map.yaml:1:1: "nginx" is no name to move from'],
  ['a.io:', 'map.yaml:1:6: "" is no name to move to'],
  ['a.io: { b: c }', 'map.yaml:1:7: null is no name to move to'],
  [
    '- from: a.io\n  to: b.io\n  too: c',
    'map.yaml:3:3: "too" is no key here; the keys are from, to, renames',
  ],
  ['- from: a.io', 'map.yaml:1:3: null is no name to move to'],
  ['- from: a.io\n  to: b.io\n  renames: { A: b }', 'map.yaml:3:14: "A" is no name of a repository'],
  [
    '- { from: a.io, to: b.io }\n- { from: A.io, to: c.io }',
    'map.yaml:2:11: "a.io" stands here a second time',
  ],
])('refuses %j', (text, message) => {
  expect(() => parseMapFile(text, 'map.yaml')).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) }),
  )
})
