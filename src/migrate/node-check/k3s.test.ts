import { describe, expect, it } from 'vitest'
import { checkedUp } from '../../../test/support/checkups.ts'
import { checkK3s } from './k3s.ts'

describe('registries.yaml of k3s', () => {
  const FILE = '/etc/rancher/k3s/registries.yaml'
  const check = (text: string, more: Record<string, string> = {}, noFallback = false) =>
    checkedUp((checkup) => checkK3s(checkup, 'k3s'), { [FILE]: text, ...more }, { noFallback })
  const mirror = (endpoint: string, more = '', name = 'registry.k8s.io') =>
    `mirrors:\n  "${name}":\n    endpoint:\n      - "${endpoint}"\n${more}`
  const rewrite = '    rewrite:\n      "^(.*)$": "k8s/$1"\n'

  it.each([
    ['a host', mirror('https://m.example'), [], 'https://m.example/v2 used'],
    ['no scheme', mirror('m.example:5000'), [], 'https://m.example:5000/v2 used'],
    ['/v2', mirror('https://m.example/v2'), [], 'https://m.example/v2 used'],
    ['a path below /v2', mirror('https://m.example/v2/k8s'), [], 'https://m.example/v2/k8s used'],
    ['a path', mirror('https://m.example/k8s'), ['4 no-v2 unused'], 'https://m.example/k8s unused'],
    ['a rewrite', mirror('https://m.example', rewrite), [], 'https://m.example/v2 used'],
    [
      'a rewrite of a path',
      mirror('https://m.example/v2/k8s', rewrite),
      ['4 doubled-path unused'],
      'https://m.example/v2/k8s unused',
    ],
    [
      'a pattern that is none',
      mirror('https://m.example', '    rewrite:\n      "^(.*": "k8s/$1"\n'),
      ['6 rewrite-pattern unused'],
      'https://m.example/v2 used',
    ],
    [
      'an unknown key',
      mirror('https://m.example', '    endpoints: []\n'),
      ['5 registries-key unused'],
      'https://m.example/v2 used',
    ],
    [
      'a name with a scheme',
      mirror('https://m.example', '', 'https://registry.k8s.io'),
      ['2 mirror-name unused'],
      'https://m.example/v2 unused',
    ],
  ])('have %s', (_, text, faults, asks) => {
    const found = check(text)
    expect(found.faults).toEqual(faults.map((fault) => `${FILE}:${fault}`))
    expect(found.mirrors[0]).toContain(` -> ${asks}, then `)
  })

  it.each([
    ['by its config', { '/etc/rancher/k3s/config.yaml': 'disable-default-registry-endpoint: true\n' }],
    [
      'by a drop-in of it',
      { '/etc/rancher/k3s/config.yaml.d/a.yaml': 'disable-default-registry-endpoint: true\n' },
    ],
    [
      'by a flag',
      {
        '/etc/systemd/system/k3s.service':
          '[Service]\nExecStart=/usr/local/bin/k3s server --disable-default-registry-endpoint\n',
      },
    ],
  ])('fall back unless that is off: %s', (_, more) => {
    expect(check(mirror('https://m.example'), more, true)).toMatchObject({
      faults: [],
      mirrors: ['registry.k8s.io -> https://m.example/v2 used, then null'],
    })
    expect(check(mirror('https://m.example'), {}, true).faults).toEqual([`${FILE}:4 fallback partial`])
  })

  it('are YAML, in a file of this name', () => {
    expect(check('mirrors:\n\t- a\n').faults).toEqual([`${FILE}:2 not-yaml broken`])
    expect(check('', { '/etc/rancher/k3s/registry.yaml': '' }).faults).toEqual([
      '/etc/rancher/k3s/registry.yaml:1 registries-file-name unused',
    ])
  })
})
