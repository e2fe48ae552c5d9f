import { X509Certificate } from 'node:crypto'
import tls from 'node:tls'
import { expect, it } from 'vitest'
import { INSPECTING_PRODUCTS, inspectingProduct } from './inspecting-products.ts'

it.each([
  ['C=US, ST=California, O=Zscaler Inc., CN=Zscaler Intermediate Root CA (zscalertwo.net)', 'Zscaler'],
  ['C=US, O=Fortinet, OU=Certificate Authority, CN=FGT60F0000000000', 'Fortinet FortiGate'],
  ['CN=Fortinet_CA_SSL', 'Fortinet FortiGate'],
  ['O=Corp, CN=ca.corp.goskope.com', 'Netskope'],
  ['O=Cisco, CN=Cisco Umbrella Primary SubCA', 'Cisco Umbrella'],
  ['CN=mitmproxy, O=mitmproxy', 'mitmproxy'],
  ['C=GB, O=Sophos, CN=Sophos SSL CA_C01001', 'Sophos'],
])('knows who has issued in place of others: %s', (issuer, product) => {
  expect(inspectingProduct([issuer])).toBe(product)
  expect(inspectingProduct(['CN=Corp Issuing CA 3', issuer])).toBe(product)
})

it.each([
  'CN=private',
  'O=Corp, CN=Corp Proxy CA',
  'O=Cloudflare, Inc., CN=Cloudflare TLS Issuing ECC CA 1',
  'O=Symantec Corporation, CN=Symantec Class 3 Secure Server CA - G4',
  'O=Squidward Ltd, CN=Barracudas Swimming Club',
  '',
])('guesses nothing: %s', (issuer) => {
  expect(inspectingProduct([issuer])).toBeUndefined()
})

it('takes no authority that browsers trust for one that inspects', () => {
  for (const pem of tls.rootCertificates)
    expect(inspectingProduct([new X509Certificate(pem).subject.replaceAll('\n', ', ')])).toBeUndefined()
})

it('has each word once', () => {
  const words = INSPECTING_PRODUCTS.flatMap(({ says }) => says)
  expect(new Set(words).size).toBe(words.length)
})
