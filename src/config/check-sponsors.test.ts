import { describe, expect, it, test } from 'vitest'
import { formatFault } from './fault.ts'
import { expandConfig } from './format.ts'
import { loadConfig } from './load.ts'
import { parseConfig } from './parse.ts'

const BASE = `version: 1
upstreams:
  - { id: hub, url: https://hub.test, at: gcp/us-central1 }
stores:
  - { id: paris, url: https://paris.test, at: aws/eu-west-3 }
  - { id: milan, url: https://milan.test, at: aws/eu-south-1 }
  - { id: cdn, url: https://cdn.test, at: anycast }
`
const GOOD = `${BASE}sponsors:
  - id: acme
    backends: stores@aws
    budget: { amount: 250000 USD, per: month }
    credits: [{ amount: 94000.50 USD, from: 2026-01-01, until: 2026-12-31 }]
    prices: ./prices.yaml
    over: cdn
    timezone: America/Los_Angeles
    floor: 0.1
    spent: { amount: 12 USD, asOf: 2026-11-12 }
  - { id: beta, backends: [cdn], budget: { amount: 40TiB, per: month } }
pacing: { replicas: 2, ledger: sponsors.json }
`
const OPTIONS = { environment: {}, baseFolder: '/etc/portolan', fileName: 'config.yaml' }

function linesOf(text: string): string[] {
  const parsed = parseConfig(text, OPTIONS)
  return 'faults' in parsed ? parsed.faults.map(formatFault) : []
}

describe('sponsors', () => {
  const config = loadConfig(GOOD, OPTIONS)

  it('are read with every default', () => {
    expect(config.sponsors).toEqual([
      {
        id: 'acme',
        backends: ['stores@aws'],
        budget: { amount: { currency: 'USD', micros: 250_000_000_000 }, per: 'month' },
        credits: [
          { amount: { currency: 'USD', micros: 94_000_500_000 }, from: '2026-01-01', until: '2026-12-31' },
        ],
        prices: '/etc/portolan/prices.yaml',
        over: ['cdn'],
        timezone: 'America/Los_Angeles',
        floor: 0.1,
        ceiling: 1,
        spent: { amount: { currency: 'USD', micros: 12_000_000 }, asOf: '2026-11-12' },
      },
      {
        id: 'beta',
        backends: ['cdn'],
        budget: { amount: { bytes: 40 * 1024 ** 4 }, per: 'month' },
        credits: [],
        over: [],
        timezone: 'UTC',
        floor: 0,
        ceiling: 1,
      },
    ])
    expect(config.pacing).toEqual({ replicas: 2, ledger: '/etc/portolan/sponsors.json' })
  })

  it('are written as they were read', () => {
    expect(loadConfig(expandConfig(config), OPTIONS)).toEqual(config)
  })

  it('are nobody where the list is empty', () => {
    expect(loadConfig(`${BASE}sponsors: []\n`, OPTIONS)).not.toHaveProperty('sponsors')
  })
})

test.each([
  [
    'backends: stores@aws',
    'backends: stores@azure',
    'sponsors[0].backends: "stores@azure": must be upstreams, stores',
  ],
  [
    'backends: [cdn]',
    'backends: [cdm]',
    'sponsors[1].backends[0]: "cdm": must be upstreams, stores, upstreams@CLOUD, stores@CLOUD, or the id of a backend, and select at least one (did you mean "cdn"?)',
  ],
  [
    'backends: [cdn]',
    'backends: [stores]',
    'selects paris, which sponsors[0].backends pays for; each backend has one sponsor',
  ],
  ['id: beta', 'id: acme', 'sponsors[1].id: "acme": is already the id of sponsors[0]'],
  [
    'over: cdn',
    'over: milan',
    'sponsors[0].over: "milan": must name somebody else: this is what the sponsor itself pays for',
  ],
  ['over: cdn', 'over: nowhere', 'sponsors[0].over: "nowhere": must be upstreams, stores'],
  ['250000 USD', '250000', 'sponsors[0].budget.amount: 250000: must be money, such as 250000 USD, or bytes'],
  ['250000 USD', '40TB', 'sponsors[0].budget.amount: "40TB": must be money'],
  ['250000 USD', '-5 USD', 'sponsors[0].budget.amount: "-5 USD": must be money'],
  ['94000.50 USD', '94000.50 EUR', 'sponsors[0].credits[0].amount: "94000.50 EUR": must be in USD'],
  ['94000.50 USD', '9TiB', 'sponsors[0].credits[0].amount: "9TiB": must be in USD'],
  ['12 USD', '12 EUR', 'sponsors[0].spent.amount: "12 EUR": must be in USD'],
  ['    prices: ./prices.yaml\n', '', 'sponsors[0].prices: is required, since the budget is money'],
  ['until: 2026-12-31', 'until: 2025-12-31', 'credits[0].until: "2025-12-31": must not be before 2026-01-01'],
  [
    'from: 2026-01-01',
    'from: 2026-02-30',
    'credits[0].from: "2026-02-30": must be a day, such as 2026-12-31',
  ],
  [
    'America/Los_Angeles',
    'America/Los_Angles',
    'sponsors[0].timezone: "America/Los_Angles": must be a time zone',
  ],
  ['floor: 0.1', 'floor: 1.1', 'sponsors[0].floor: 1.1: must be a number from 0 to 1'],
  [
    'floor: 0.1',
    'floor: 0.6\n    ceiling: 0.5',
    'sponsors[0].floor: 0.6: must not be above the ceiling, which is 0.5',
  ],
  ['per: month }', 'per: year }', 'sponsors[0].budget.per: "year": must be "month"'],
  ['replicas: 2', 'replicas: 0', 'pacing.replicas: 0: must be a whole number from 1'],
  [', budget: { amount: 40TiB, per: month }', '', 'sponsors[1]: needs budget or credits'],
])('%s → %s is refused', (text, instead, message) => {
  expect(GOOD).toContain(text)
  expect(linesOf(GOOD.replace(text, instead)).join('\n')).toContain(message)
})

it('are for a door that sends clients elsewhere, and pacing is for sponsors', () => {
  const mirror = GOOD.replace(
    'version: 1',
    'version: 1\ndelivery: relay\ncache: off\nclients: { public: true }',
  )
  expect(linesOf(mirror).join('\n')).toContain('sponsors: are for a door that sends clients to backends')
  expect(linesOf(`${BASE}pacing: { replicas: 2 }\n`).join('\n')).toContain(
    'pacing: is about the budgets of sponsors, and there are none',
  )
})

it('may pay for the canonical upstream', () => {
  expect(linesOf(GOOD.replace('backends: [cdn]', 'backends: [cdn, hub]'))).toEqual([])
})

it('says nothing of sponsors where it is not known which backends there are', () => {
  const lines = linesOf(GOOD.replace('at: anycast', 'at: nowhere'))
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('stores[2].at')
})
