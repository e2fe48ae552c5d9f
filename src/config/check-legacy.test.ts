import { expect, test } from 'vitest'
import { parseConfig } from './parse.ts'

const PHASE = { phase: 'announce', from: '2027-01-11T09:00:00Z' }
const LEGACY = {
  ...{
    host: 'old.example',
    successor: 'new.example',
    frozen: '2026-04-03',
    list: 'l',
    off: 'o',
    record: 'r',
  },
}

function read(legacy: object, config: object = {}) {
  const upstreams = [{ id: 'main', url: 'https://main.example', at: 'aws/eu-west-3' }]
  const text = JSON.stringify({
    version: 1,
    upstreams,
    legacy: { ...LEGACY, phases: [PHASE], ...legacy },
    ...config,
  })
  return parseConfig(text, { environment: {}, baseFolder: '/etc', fileName: 'c.yaml' })
}

function faultsOf(legacy: object, config?: object): string[] {
  const parsed = read(legacy, config)
  if ('config' in parsed) return []
  return parsed.faults.map(({ path, message }) => `${path}: ${message}`)
}

const at = (day: number) => `2027-01-${day}T09:00:00Z`

test('a plan is read with all its defaults', () => {
  const parsed = read({
    names: ['EU.old.example'],
    phases: [
      PHASE,
      { phase: 'warn', from: '2027-02-01T10:00:00+01:00', cohort: { share: '10 %', when: { cloud: 'aws' } } },
      { phase: 'warn', from: at(20) },
      { id: 'first', phase: 'brownout', from: at(21), until: at(22), answer: 'denied' },
    ],
  })
  expect('config' in parsed && parsed.config.legacy).toEqual({
    ...{ host: 'old.example', names: ['eu.old.example'], frozen: '2026-04-03', maxAge: 7 * 86_400_000 },
    successor: { host: 'new.example', url: 'https://new.example' },
    ...{ list: '/etc/l', off: '/etc/o', record: '/etc/r', failures: { share: 0.05, least: 100 } },
    phases: [
      { ...phase('announce-1', 'announce', '2027-01-11T09:00:00Z') },
      { ...phase('warn-1', 'warn', '2027-02-01T09:00:00Z'), share: 0.1, when: { cloud: ['aws'] } },
      { ...phase('warn-2', 'warn', at(20)) },
      { ...phase('first', 'brownout', at(21)), until: Date.parse(at(22)), answer: 'denied' },
    ],
  })
})

function phase(id: string, kind: string, from: string) {
  return { id, phase: kind, from: Date.parse(from), share: 1, when: {}, answer: 'unavailable' }
}

test.each<[string, object, string]>([
  [
    'no time zone',
    { phases: [{ ...PHASE, from: '2027-01-11T09:00:00' }] },
    'legacy.phases[0].from: must be a moment with its time zone',
  ],
  ['a day alone', { phases: [{ ...PHASE, from: '2027-01-11' }] }, 'legacy.phases[0].from: must be a moment'],
  [
    'a day that there is not',
    { phases: [{ ...PHASE, from: '2027-02-30T00:00:00Z' }] },
    'legacy.phases[0].from: must be a moment',
  ],
  ['a day of another form', { frozen: '3 April' }, 'legacy.frozen: must be a day'],
  ['no phase', { phases: [] }, 'legacy.phases: must name at least one phase'],
  ['a port', { host: 'old.example:443' }, 'legacy.host: must be a host name'],
  ['an address', { host: '192.0.2.1' }, 'legacy.host: must be a host name'],
  ['a path', { successor: 'new.example/images' }, 'legacy.successor: must be a host'],
  ['a password', { successor: 'https://a:b@new.example' }, 'legacy.successor: must be a host'],
  [
    'itself',
    { successor: 'https://old.example:8443' },
    'legacy.successor: must be another host than the old name',
  ],
  [
    'one of its names',
    { names: ['x.example'], successor: 'X.example' },
    'legacy.successor: must be another host',
  ],
  ['a name twice', { names: ['a.example', 'A.example'] }, 'legacy.names[1]: stands twice'],
  [
    'an id twice',
    { phases: [PHASE, { ...PHASE, id: 'announce-1' }] },
    'legacy.phases[1].id: is already the id of phases[0]',
  ],
  [
    'an id that is no one phase’s',
    { phases: [{ ...PHASE, id: 'all' }] },
    'legacy.phases[0].id: must be another one: in legacy.off, "all" switches every phase off',
  ],
  [
    'a wrong order',
    {
      phases: [
        { phase: 'refuse', from: at(12) },
        { phase: 'warn', from: at(13) },
      ],
    },
    'legacy.phases[0].from: must not come before warn, which begins at 2027-01-13T09:00:00Z: refuse comes after it',
  ],
  ['an end before', { phases: [{ ...PHASE, until: at(11) }] }, 'legacy.phases[0].until: must be after from'],
  ['an endless brownout', { phases: [{ ...PHASE, phase: 'brownout' }] }, 'legacy.phases[0]: needs until'],
  [
    'a long one',
    { phases: [{ phase: 'brownout', from: at(11), until: at(19) }] },
    'legacy.phases[0].until: must be at most 7 days after from',
  ],
  [
    'an answer of no brownout',
    { phases: [{ ...PHASE, answer: 'denied' }] },
    'legacy.phases[0].answer: is for a brownout, and this phase is announce',
  ],
  [
    'no list',
    { list: undefined, phases: [{ ...PHASE, phase: 'warn' }] },
    'legacy.phases[0]: needs legacy.list',
  ],
  [
    'no switch',
    { off: undefined, phases: [{ ...PHASE, phase: 'warn' }] },
    'legacy.phases[0]: needs legacy.off',
  ],
  [
    'a slip in a cloud',
    { phases: [{ ...PHASE, cohort: { when: { cloud: 'awss' } } }] },
    'legacy.phases[0].cohort.when.cloud: must name a cloud (did you mean "aws"?)',
  ],
  [
    'a share above all',
    { phases: [{ ...PHASE, cohort: { share: '101 %' } }] },
    'legacy.phases[0].cohort.share: must be a percentage',
  ],
])('%s is refused', (_, legacy, fault) => {
  expect(faultsOf(legacy)).toEqual([expect.stringContaining(fault)])
})

test('is not for a mirror', () => {
  expect(faultsOf({}, { delivery: 'relay', cache: 'off' })).toEqual([
    expect.stringContaining('legacy: is for a door that sends clients to backends'),
  ])
})

test.each<[object, string[]]>([
  [{}, []],
  [{ record: undefined }, []],
  [{ record: undefined, phases: [{ ...PHASE, phase: 'warn' }] }, ['legacy: has no record']],
  [{ phases: [PHASE, { phase: 'refuse', from: at(12) }] }, ['legacy.phases[1]: ends pulls']],
])('%j is warned of: %j', (legacy, warnings) => {
  const parsed = read(legacy)
  expect('config' in parsed && parsed.warnings.map(({ path, message }) => `${path}: ${message}`)).toEqual(
    warnings.map((text) => expect.stringContaining(text)),
  )
})
