import { expect, it } from 'vitest'
import { formatProxies, proxyFor, readProxies } from './proxies.ts'

const P = 'http://proxy.test:3128'
const Q = 'http://other.test:8080'
const env = (noProxy: string) => ({ HTTPS_PROXY: P, HTTP_PROXY: P, NO_PROXY: noProxy })

it.each<[url: string, environment: Record<string, string>, proxy: string | undefined]>([
  ['https://a.test/', {}, undefined],
  ['https://a.test/', { HTTPS_PROXY: P }, P],
  ['http://a.test/', { HTTPS_PROXY: P }, undefined],
  ['http://a.test/', { HTTP_PROXY: P }, P],
  ['https://a.test/', { https_proxy: Q, HTTPS_PROXY: P }, Q],
  ['https://a.test/', { https_proxy: '', HTTPS_PROXY: P }, P],
  ['https://a.test/', { ALL_PROXY: P }, P],
  ['https://a.test/', { ALL_PROXY: P, HTTPS_PROXY: Q }, Q],
  ['https://a.test/', { HTTPS_PROXY: 'proxy.test:3128' }, P],
  [
    'https://a.test/',
    { HTTPS_PROXY: 'http://me:secret@proxy.test:3128/' },
    'http://me:secret@proxy.test:3128',
  ],
  ['https://a.test/', env('a.test'), undefined],
  ['https://b.a.test/', env('a.test'), undefined],
  ['https://b.a.test/', env('.a.test'), undefined],
  ['https://a.test/', env('.a.test'), undefined],
  ['https://b.a.test/', env('*.a.test'), undefined],
  ['https://ba.test/', env('a.test'), P],
  ['https://A.TEST/', env('a.Test'), undefined],
  ['https://a.test./', env('a.test'), undefined],
  ['https://b.test/', env('a.test, b.test'), undefined],
  ['https://b.test/', env('a.test b.test'), undefined],
  ['https://a.test/', env('*'), undefined],
  ['https://a.test:8443/', env('a.test:8443'), undefined],
  ['https://a.test/', env('a.test:8443'), P],
  ['https://a.test/', env('a.test:443'), undefined],
  ['https://10.1.2.3/', env('10.0.0.0/8'), undefined],
  ['https://11.1.2.3/', env('10.0.0.0/8'), P],
  ['https://10.1.2.3/', env('10.1.2.3'), undefined],
  ['https://10.1.2.33/', env('10.1.2.3'), P],
  ['https://[2001:db8::1]/', env('2001:db8::/32'), undefined],
  ['https://a.test/', env('10.0.0.0/99,,a.test'), undefined],
  ['http://127.0.0.1:9090/', env(''), undefined],
  ['http://127.9.9.9/', env(''), undefined],
  ['http://localhost/', env(''), undefined],
  ['http://[::1]/', env(''), undefined],
  ['http://localhost.test/', env(''), P],
])('%s with %j goes through %s', (url, environment, proxy) => {
  expect(proxyFor(url, readProxies(environment))).toBe(proxy)
})

it.each(['jo:hunter2@[bad', 'socks5://jo:hunt/er2@proxy.test:1080'])('shows no login of %s', (text) => {
  const proxies = readProxies({ HTTPS_PROXY: text })
  expect(() => proxyFor('https://a.test', proxies)).toThrow(/^HTTPS_PROXY "(?:[a-z0-9]+:\/+)?\*\*\*@/)
})

it.each(['socks5://proxy.test:1080', 'http://', 'ftp://a'])('%s is no proxy, and says so', (text) => {
  const proxies = readProxies({ HTTPS_PROXY: text })
  expect(() => proxyFor('https://a.test', proxies)).toThrow(
    /^HTTPS_PROXY ".*" must be an http or https proxy/,
  )
  expect(proxyFor('https://127.0.0.1', proxies)).toBeUndefined()
  expect(proxyFor('http://a.test', proxies)).toBeUndefined()
})

it('a password is not repeated', () => {
  const proxies = readProxies({ ALL_PROXY: 'socks5://me:secret@a.test' })
  expect(() => proxyFor('https://a.test', proxies)).toThrow('ALL_PROXY "socks5://***@a.test" must be')
})

it('libraries get it in the form that they read', () => {
  expect(formatProxies(readProxies(env('a.test, 10.0.0.0/8, b.test:81')))).toMatchObject({
    https_proxy: P,
    NO_PROXY:
      'localhost,.localhost,127.0.0.0-127.255.255.255,::1,a.test,.a.test,10.0.0.0-10.255.255.255,b.test:81,.b.test:81',
  })
})
