import { expect, it } from 'vitest'
import { zoneOfHost } from './host-zone.ts'

it.each([
  ['127.0.0.1', 'loopback'],
  ['127.255.3.4', 'loopback'],
  ['0.0.0.0', 'loopback'],
  ['[::1]', 'loopback'],
  ['[::]', 'loopback'],
  ['[::ffff:127.0.0.1]', 'loopback'],
  ['[::7f00:1]', 'loopback'],
  ['[64:ff9b::7f00:1]', 'loopback'],
  ['[2002:7f00:1::]', 'loopback'],
  ['localhost', 'loopback'],
  ['LOCALHOST.', 'loopback'],
  ['a.localhost', 'loopback'],
  ['169.254.169.254', 'link-local'],
  ['[::ffff:a9fe:a9fe]', 'link-local'],
  ['[fe80::1]', 'link-local'],
  ['[fd00:ec2::254]', 'link-local'],
  ['metadata.google.internal', 'link-local'],
  ['10.1.2.3', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.0.1', 'private'],
  ['100.64.0.1', 'private'],
  ['[fd12::1]', 'private'],
  ['[64:ff9b::a00:1]', 'private'],
  ['[2002:a00:1::]', 'private'],
  ['minio', 'private'],
  ['minio.storage.svc.cluster.local', 'private'],
  ['registry.internal', 'private'],
  ['172.32.0.1', 'public'],
  ['8.8.8.8', 'public'],
  ['[2606:4700::1111]', 'public'],
  ['registry.example.com', 'public'],
  ['localhost.example.com', 'public'],
  ['internal.example', 'public'],
])('%s is %s', (host, zone) => {
  expect(zoneOfHost(host)).toBe(zone)
})

it.each([
  'http://0x7f000001/',
  'http://2130706433/',
  'http://127.1/',
  'http://0177.0.0.1/',
  'http://①②⑦.0.0.1/',
])('another spelling of loopback, %s, is the same once it is a URL', (url) => {
  expect(zoneOfHost(new URL(url).hostname)).toBe('loopback')
})
