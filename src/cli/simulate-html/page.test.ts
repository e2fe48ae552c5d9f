import { expect, it } from 'vitest'
import type { PolicyReport } from '../../simulate/report.ts'
import { simulationPage } from './page.ts'

/** What an attacker can choose: names, places, and the text of lines. */
const EVIL = `<img src=x onerror="alert(1)">'</script>&`

const amount = { requests: 1200, bytes: 3_000_000, heads: 0, estimatedBytes: 0 }
const policy = (config: string): PolicyReport => ({
  config,
  down: [EVIL],
  ...amount,
  door: { requests: 0 },
  distance: { unknown: 0 },
  backends: [
    {
      id: EVIL,
      kind: 'store',
      place: EVIL,
      ...amount,
      cost: { amount: '1234.567', currency: 'USD' },
      distance: { median: 1204, p95: 9000, roundTripMedian: 20, roundTripP95: 137, unknown: 0 },
    },
    {
      id: 'idle',
      kind: 'upstream',
      place: 'anycast',
      ...amount,
      requests: 0,
      bytes: 0,
      distance: { unknown: 0 },
    },
  ],
  sponsors: [
    {
      id: EVIL,
      backends: [EVIL],
      requests: 7,
      bytes: 0,
      budget: {
        unit: 'USD',
        months: [{ month: '2026-11', budget: '1000.00', spent: '950.00', left: '50.00', owed: '0.00' }],
        pace: { lowest: 0.25, last: 1, changes: 3 },
        course: [],
        alarms: [],
      },
      passed: [{ to: EVIL, requests: 7, bytes: 0 }],
    },
  ],
  cost: [{ amount: '1234.567', currency: 'USD' }],
  bills: [
    {
      account: EVIL,
      month: '2026-11',
      cost: { amount: '1234.567', currency: 'USD' },
      unpriced: { bytes: 0, requests: 0 },
      lines: [{ price: 'transfer[0]', kind: 'transfer', tier: 0, quantity: 3_000_000, amount: '1234.567' }],
    },
  ],
  changes: [
    {
      from: EVIL,
      to: 'idle',
      requests: 7,
      bytes: 0,
      reasons: [{ before: EVIL, after: EVIL, requests: 7, bytes: 0 }],
      places: [{ place: EVIL, requests: 7, bytes: 0 }],
    },
  ],
})

const page = simulationPage({
  logs: [
    {
      file: EVIL,
      format: 'combined',
      lines: 9,
      requests: 7,
      masked: 0,
      unaddressed: 0,
      asides: 0,
      duplicates: 0,
      unknown: 1,
      unknownLines: [{ line: 1, why: 'it is no log', text: EVIL }],
    },
  ],
  policies: [policy(EVIL), policy('then.yaml')],
  assumptions: [EVIL],
  from: '2026-11-01T00:00:00.000Z',
  until: '2026-11-30T00:00:00.000Z',
})

it('shows what a log says as text, whatever it says', () => {
  expect(page).not.toContain('<img')
  expect(page).not.toContain('</script')
  expect(page.match(/&#60;img src=x onerror=&#34;alert\(1\)&#34;&#62;/g)!.length).toBeGreaterThan(12)
})

it('has nothing from elsewhere, and no script, and says so to the browser', () => {
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
  expect(page).not.toMatch(/<script|https?:|url\(|@import|<link/)
  for (const [tag] of page.matchAll(/<[^>]*>/g)) expect(tag).not.toMatch(/ on[a-z]+=|style=/)
})

it('draws each policy of each backend, and leaves out who gets nothing', () => {
  expect(page.match(/<rect /g)).toHaveLength(3 * 2)
  expect(page).toContain('1,234.56 USD')
  expect(page).not.toContain('<th scope="row">idle</th>')
})
