import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { warningsOf } from '../../src/config/warnings.ts'

const TEXT = readFileSync(new URL('../../examples/mirror-kubernetes.yaml', import.meta.url), 'utf8')
const read = (text: string) => loadConfig(text, { baseFolder: '/etc/portolan' })

test('examples/mirror-kubernetes.yaml has no fault and no warning', () => {
  expect(warningsOf(read(TEXT))).toEqual([])
})

test('it is a mirror of four registries, each with its one canonical upstream', () => {
  const { registries, upstreams } = read(TEXT)
  const urlOf = new Map(upstreams.map(({ id, url, canonical }) => [id, canonical ? url : undefined]))
  expect(
    registries.map(({ host, path, upstreams: ids }) => [host, path, ...ids.map((id) => urlOf.get(id))]),
  ).toEqual([
    ['registry.k8s.io', 'registry.k8s.io', 'https://registry.k8s.io'],
    ['docker.io', 'docker.io', 'https://registry-1.docker.io'],
    ['ghcr.io', 'ghcr.io', 'https://ghcr.io'],
    ['quay.io', 'quay.io', 'https://quay.io'],
  ])
})

test('its revalidate is the default, as it says', () => {
  expect(read(TEXT.replace(/^revalidate:.*$/m, '')).revalidate).toEqual(read(TEXT).revalidate)
})

test('its lines that are commented out can be commented in', () => {
  const text = TEXT.replace(/^# tls:/m, 'tls:').replace(/^# pin:/m, '  pin:')
  expect(read(text)).toMatchObject({
    tls: { key: '/etc/portolan/tls.key' },
    cache: { pin: ['/etc/portolan/images.txt'] },
  })
})
