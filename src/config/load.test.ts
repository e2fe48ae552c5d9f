import { expect, it } from 'vitest'
import { PortolanError } from '../errors.ts'
import { loadConfig } from './load.ts'

const UPSTREAM = { id: 'main', url: 'https://registry.test', at: 'gcp/us-central1' }

it('takes text and values alike', () => {
  const value = { version: 1, upstreams: [UPSTREAM] }
  expect(loadConfig(value)).toEqual(loadConfig(JSON.stringify(value)))
  expect(loadConfig(value).upstreams[0]).toMatchObject({ id: 'main', canonical: true })
})

it('reads no variable that it was not given', () => {
  const text = 'version: 1\nupstreams: [{ id: main, url: "$' + '{URL}", at: anycast }]'
  expect(() => loadConfig(text)).toThrow(/URL/)
  expect(loadConfig(text, { environment: { URL: 'https://registry.test' } }).upstreams[0]!.url).toBe(
    'https://registry.test',
  )
})

it('names everything that is wrong, one line each', () => {
  try {
    loadConfig({ version: 1, upstreams: [{ ...UPSTREAM, url: 'nowhere' }], stors: [] })
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(PortolanError)
    const { code, message, facts } = error as PortolanError
    expect(code).toBe('CONFIG_INVALID')
    expect(message.split('\n')).toHaveLength(2)
    expect(facts.faults).toHaveLength(2)
  }
})
