import { expect, it } from 'vitest'
import { isAdminHost } from './admin-host.ts'

it.each([
  '127.0.0.1:9090',
  '10.1.2.3',
  '[::1]:9090',
  '[2001:db8::1]',
  'localhost:9090',
  'LOCALHOST.',
  'portolan',
  'portolan-admin.registry.svc:9090',
  'portolan-admin.registry.svc.cluster.local',
  'door.internal',
  'macbook.local',
  'door.example.com:9090',
  '',
  undefined,
])('answers an operator who asks %s', (host) => {
  expect(isAdminHost(host, ['door.example.com'])).toBe(true)
})

it.each([
  'evil.test:9090',
  'evil.com',
  '127.0.0.1.evil.com',
  'localhost.evil.com',
  'svc.evil.com',
  'a.door.example.com',
  '127.0.0.1x',
  'evil.com:9090:1',
])('refuses a page that came from %s', (host) => {
  expect(isAdminHost(host, ['door.example.com'])).toBe(false)
})
