import { expect, it, test } from 'vitest'
import { configOf } from '../../../test/support/config.ts'
import { loadPriceTables } from './price-tables.ts'

const TABLE = JSON.stringify({
  version: 1,
  name: 'ours',
  source: 'https://prices.test/',
  asOf: '2026-09-30',
  currency: 'EUR',
  unit: 'GB',
  transfer: [{ price: 0.01 }],
})

const configWith = (prices: string, amount = '100 EUR') =>
  configOf({
    upstreams: [{ id: 'hub', url: 'https://hub.test', at: 'gcp/us-central1' }],
    sponsors: [{ id: 'acme', backends: 'hub', budget: { amount, per: 'month' }, prices }],
  })

const read = async (file: string) => {
  if (file === '/ours.json') return TABLE
  if (file === '/undated.json') return TABLE.replace('"asOf":"2026-09-30",', '')
  throw new Error('no such file or directory')
}

it('reads a table that comes along by its name, and a file by its path', async () => {
  const ours = await loadPriceTables(configWith('./ours.json'), read)
  expect(ours.get('acme')).toMatchObject({ name: 'ours', currency: 'EUR' })
  const shipped = await loadPriceTables(configWith('gcp', '100 USD'), undefined)
  expect(shipped.get('acme')).toMatchObject({ name: 'gcp', timezone: 'America/Los_Angeles' })
})

it('takes any currency for what is paid in bytes', async () => {
  expect((await loadPriceTables(configWith('aws', '1TiB'), read)).size).toBe(1)
})

test.each([
  [
    'awss',
    '100 USD',
    'sponsors[0].prices: "awss": must be one of aws, azure, cdn, gcp, or a file such as ./prices.yaml (did you mean "aws"?)',
  ],
  ['./gone.json', '100 EUR', 'sponsors[0].prices: "/gone.json": cannot be read: no such file or directory'],
  ['./ours.json', '100 USD', 'sponsors[0].prices: "/ours.json": is in EUR, and the budget of acme in USD'],
  ['./undated.json', '100 EUR', '/undated.json:1:1 asOf: must be the day on which the prices were read'],
])('%s for %s is refused', async (prices, amount, message) => {
  await expect(loadPriceTables(configWith(prices, amount), read)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(message),
  })
})

it('reads no file where there is no disk', async () => {
  await expect(loadPriceTables(configWith('./ours.json'), undefined)).rejects.toThrow('there is no disk here')
})
