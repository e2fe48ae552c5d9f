import { describe, expect, it, test } from 'vitest'
import { storeAt } from '../../../test/support/view.ts'
import { Sponsors } from '../../routing/budget/sponsors.ts'
import { encodeLedger, readLedger } from './ledger.ts'

const PARIS = storeAt('paris', { name: 'aws/eu-west-3', cloud: 'aws', region: 'eu-west-3' })
const NOW = Date.parse('2026-11-12T00:00:00Z')

/** Records of a sponsor that has been asked for something, and steered. */
function recordsOf() {
  const config = {
    id: 'acme',
    backends: ['paris'],
    budget: { amount: { bytes: 1000 }, per: 'month' as const },
    credits: [{ amount: { bytes: 50 }, from: '2026-01-01', until: '2026-12-31' }],
    over: [],
    timezone: 'UTC',
    floor: 0,
    ceiling: 1,
  }
  const sponsors = new Sponsors([{ config, backends: [PARIS], replicas: 1 }], NOW)
  for (let minute = 1; minute < 20; minute++) {
    sponsors.note({
      backend: 'paris',
      place: { name: 'country/FR', country: 'FR' },
      bytes: 7,
      gets: 1,
      heads: 0,
    })
    sponsors.tick(NOW + minute * 60_000)
  }
  return sponsors.records
}

const reading = (bytes: Uint8Array | undefined) =>
  readLedger('/ledger.json', { read: async () => bytes, write: async () => {} })

describe('a ledger', () => {
  const records = recordsOf()
  const text = new TextDecoder().decode(encodeLedger(records, new Date(NOW)))

  it('is read as it was written', async () => {
    expect(await reading(new TextEncoder().encode(text))).toEqual(records)
    expect(await reading(undefined)).toBeUndefined()
  })

  test.each<[string, string | Uint8Array]>([
    ['is cut off', text.slice(0, -20)],
    ['is empty', ''],
    ['is no text', Uint8Array.of(0xff, 0xfe)],
    ['is of another version', text.replace('"version":1', '"version":2')],
    ['has spent less than nothing', text.replace('"spent":"', '"spent":"-')],
    ['has spent a part of a byte', text.replace('"bytes":133', '"bytes":133.5')],
    ['has a pace above 1', text.replace(/"pace":[0-9.]+/, '"pace":1.5')],
    ['is a list', '[]'],
  ])('that %s is refused', async (_, content) => {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    expect(content).not.toBe(text)
    await expect(reading(bytes)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^pacing\.ledger: "\/ledger\.json": is no ledger of sponsors \(/),
    })
  })
})
