import { afterEach, expect, test, vi } from 'vitest'
import { silentLog } from '../../telemetry/log.ts'
import { createNodeRuntime } from './runtime.ts'

const create = () => createNodeRuntime({ log: silentLog, userAgent: 'portolan/test' })

afterEach(() => vi.unstubAllEnvs())

test('a process resolves names itself', async () => {
  const addresses = await create().lookup!('localhost')
  expect(addresses.length).toBeGreaterThan(0)
  for (const address of addresses) expect(address).toMatch(/^(?:127\.|::1$)/)
})

test('behind a proxy it resolves none, since the proxy does', () => {
  vi.stubEnv('NODE_USE_ENV_PROXY', '1')
  expect(create().lookup).toBeDefined()
  vi.stubEnv('HTTPS_PROXY', 'http://proxy.example:3128')
  expect(create().lookup).toBeUndefined()
})
