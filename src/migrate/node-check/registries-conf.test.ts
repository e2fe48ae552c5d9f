import { describe, expect, it } from 'vitest'
import { checkedUp } from '../../../test/support/checkups.ts'
import { checkRegistriesConf, REGISTRIES_CONF } from './registries-conf.ts'

const DROP_IN = '/etc/containers/registries.conf.d'
const entry = (more: string, mirror = 'location = "m.example/k8s"') =>
  `[[registry]]\nlocation = "registry.k8s.io"\n${more}[[registry.mirror]]\n${mirror}\n`

const check = (texts: string | Record<string, string>, noFallback = false) =>
  checkedUp(
    (checkup) => void checkRegistriesConf(checkup),
    typeof texts === 'string' ? { [REGISTRIES_CONF]: texts } : texts,
    { noFallback },
  )

describe('registries.conf', () => {
  it.each([
    ['a mirror', entry(''), 'registry.k8s.io -> m.example/k8s used, then registry.k8s.io'],
    [
      'a mirror and nothing else',
      entry('blocked = true\n'),
      'registry.k8s.io -> m.example/k8s used, then null',
    ],
    [
      'another location',
      '[[registry]]\nprefix = "registry.k8s.io"\nlocation = "m.example/k8s"\n',
      'registry.k8s.io -> m.example/k8s used, then null',
    ],
    [
      'subdomains',
      '[[registry]]\nprefix = "*.k8s.io"\n[[registry.mirror]]\nlocation = "m.example"\n',
      '*.k8s.io -> m.example used, then *.k8s.io',
    ],
  ])('has %s', (_, text, mirror) => {
    expect(check(text)).toMatchObject({ faults: [], mirrors: [mirror] })
  })

  it('has nothing', () => {
    expect(check({})).toMatchObject({ faults: [], mirrors: [] })
    expect(check('unqualified-search-registries = ["docker.io"]\n').faults).toEqual([])
    expect(check('[registries.search]\nregistries = ["docker.io"]\n').faults).toEqual([])
  })

  it.each([
    ['no TOML', '[[registry]\n', 1],
    [
      'a location with a scheme',
      '[[registry]]\nprefix = "registry.k8s.io"\nlocation = "https://m.example"\n',
      3,
    ],
    ['a mirror with a scheme', entry('', 'location = "http://m.example"'), 4],
    ['an unknown use', entry('', 'location = "m.example"\npull-from-mirror = "tags"'), 5],
    [
      'two settings of the use',
      entry('mirror-by-digest-only = true\n', 'location = "m.example"\npull-from-mirror = "tag-only"'),
      6,
    ],
    ['a value in quotes', entry('blocked = "true"\n'), 3],
    [
      'forms of two versions',
      '[registries.search]\nregistries = ["docker.io"]\n[[registry]]\nlocation = "a.example"\n',
      1,
    ],
    ['tables of another name', '[[registries]]\nlocation = "a.example"\n', 1],
    ['a mirror of nothing', '[[registry.mirror]]\nlocation = "a.example"\n', 1],
    ['an entry of nothing', '[[registry]]\ninsecure = true\n', 1],
    ['a prefix without a location', '[[registry]]\nprefix = "registry.k8s.io"\n', 2],
    ['a mirror without a location', entry('', 'insecure = true'), 3],
    [
      'one prefix blocked and not',
      '[[registry]]\nlocation = "a.example"\n[[registry]]\nlocation = "a.example"\nblocked = true\n',
      3,
    ],
  ])('is refused as a whole with %s', (_, text, line) => {
    const { faults, mirrors } = check({
      [REGISTRIES_CONF]: text,
      [`${DROP_IN}/a.conf`]: entry('').replace('registry.k8s.io', 'quay.io'),
    })
    expect(faults).toContain(`${REGISTRIES_CONF}:${line} registries-refused broken`)
    expect(mirrors.filter((one) => !one.includes(' unused,'))).toEqual([])
  })

  it.each([
    ['digests only', entry('mirror-by-digest-only = true\n'), ['5 mirror-use partial'], 'partly'],
    [
      'tags only',
      entry('', 'location = "m.example/k8s"\npull-from-mirror = "tag-only"'),
      ['4 mirror-use partial'],
      'partly',
    ],
    ['/v2', entry('', 'location = "m.example/v2/k8s"'), ['4 doubled-v2 unused'], 'unused'],
    ['a / at the end', entry('', 'location = "m.example/k8s/"'), ['4 location-slash broken'], 'unused'],
    ['an unknown key', entry('mirrors = ["a.example"]\n'), ['3 registries-key unused'], 'used'],
  ])('has a mirror with %s', (_, text, faults, state) => {
    const found = check(text)
    expect(found.faults).toEqual(faults.map((fault) => `${REGISTRIES_CONF}:${fault}`))
    expect(found.mirrors[0]).toContain(` ${state}, then`)
  })

  it.each([
    [
      'a pattern in the middle',
      '[[registry]]\nprefix = "registry.*.io"\nlocation = "m.example"\n',
      '2 prefix-pattern unused',
    ],
    [
      'a registry that is blocked',
      '[[registry]]\nlocation = "k8s.gcr.io"\nblocked = true\n',
      '1 blocked broken',
    ],
    [
      'a prefix twice',
      '[[registry]]\nlocation = "a.example"\n[[registry]]\nlocation = "a.example"\n',
      '3 prefix-twice unused',
    ],
  ])('has %s', (_, text, fault) => {
    expect(check(text).faults).toEqual([`${REGISTRIES_CONF}:${fault}`])
  })

  it('is read with its drop-ins, of which the last one with a prefix counts', () => {
    const other = entry('').replace('m.example', 'n.example')
    expect(
      check({
        [`${DROP_IN}/10.conf`]: entry(''),
        [`${DROP_IN}/20.conf`]: other,
        [`${DROP_IN}/mirrors.toml`]: other,
      }),
    ).toMatchObject({
      faults: [
        `${DROP_IN}/mirrors.toml:1 drop-in-name unused`,
        `${DROP_IN}/10.conf:1 prefix-replaced unused`,
      ],
      mirrors: ['registry.k8s.io -> n.example/k8s used, then registry.k8s.io'],
    })
  })

  it('falls back, which is a fault to who wants none', () => {
    expect(check(entry(''), true).faults).toEqual([`${REGISTRIES_CONF}:4 fallback partial`])
    expect(check(entry('blocked = true\n'), true).faults).toEqual([])
  })
})
