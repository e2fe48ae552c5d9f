import { expect, test } from 'vitest'
import type { Name } from '../../oci/name.ts'
import { mapName, parseMapping } from './name-map.ts'

const rows: [host: string, name: string, prefix: string, mappings: string[], mapped: string][] = [
  ['registry.k8s.io', 'pause', '', [], 'pause'],
  ['registry.k8s.io', 'coredns/coredns', 'k8s', [], 'k8s/coredns/coredns'],
  ['docker.io', 'library/alpine', 'm', ['docker.io/library=hub'], 'm/hub/alpine'],
  ['docker.io', 'library/alpine', 'm', ['docker.io=hub', 'docker.io/library=lib'], 'm/lib/alpine'],
  ['docker.io', 'libraryx/alpine', 'm', ['docker.io=hub', 'docker.io/library=lib'], 'm/hub/libraryx/alpine'],
  ['quay.io', 'a/b', '', ['quay.io='], 'a/b'],
  ['registry.test:5000', 'a', '', ['registry.test:5000/a=b'], 'b'],
]

test.each(rows)('%s/%s below "%s" by %j is %s', (host, name, prefix, mappings, mapped) => {
  expect(mapName(host, name as Name, prefix, mappings.map(parseMapping))).toBe(mapped)
})

test.each(['', 'a', '=b', 'a=B', 'a=/b', 'a=b/', 'a=b=c'])('"%s" is no mapping', (text) => {
  expect(() => parseMapping(text)).toThrow(/expected FROM=TO/)
})

test('a repository that would have no name is refused', () => {
  expect(() => mapName('a.example', 'b' as Name, '', [{ from: 'a.example/b', to: '' }])).toThrow(
    'a.example/b would become "", which is no repository name',
  )
})
