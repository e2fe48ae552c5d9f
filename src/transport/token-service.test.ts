import { expect, it } from 'vitest'
import { isTokenServiceOf } from './token-service.ts'

const rows: readonly [registry: string, service: string, named: readonly string[], trusted: boolean][] = [
  ['https://registry.example.com', 'https://registry.example.com/token', [], true],
  ['http://127.0.0.1:5000', 'http://127.0.0.1:5001/token', [], true],
  ['https://registry.example.com', 'https://auth.example.com/token', [], true],
  ['https://registry.gitlab.com', 'https://gitlab.com/jwt/auth', [], true],
  ['https://registry-1.docker.io', 'https://auth.docker.io/token', [], true],
  ['https://registry.example.co.uk', 'https://auth.example.co.uk/token', [], true],
  ['https://registry.example.co.uk', 'https://auth.other.co.uk/token', [], false],
  ['https://registry.example.com', 'https://auth.example.net/token', [], false],
  ['https://registry.example.com', 'https://example.com.evil.net/token', [], false],
  ['https://registry.example.com', 'https://auth.docker.io/token', [], false],
  // Whoever may have a name of their own there is on the Public Suffix List's private part.
  ['https://good.github.io', 'https://evil.github.io/token', [], false],
  ['http://10.0.0.1', 'http://10.0.0.2/token', [], false],
  ['http://[fd00::1]', 'http://[fd00::2]/token', [], false],
  ['http://registry', 'http://auth/token', [], false],
  ['http://localhost:5000', 'http://127.0.0.1:5001/token', [], false],
  ['https://registry.example.com', 'https://login.example.net/token', ['login.example.net'], true],
  ['https://registry.example.com', 'https://login.example.net:8443/token', ['login.example.net'], true],
  ['https://registry.example.com', 'https://login.example.net/token', ['other.example.net'], false],
]

it.each(rows)(
  'a password for %s goes to %s, with %j named: %s',
  async (registry, service, named, trusted) => {
    expect(await isTokenServiceOf(new URL(registry), new URL(service), named)).toBe(trusted)
  },
)
