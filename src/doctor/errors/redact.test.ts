import { expect, it } from 'vitest'
import { redact } from './redact.ts'

const SECRET = 'hunter2-0123456789abcdef'

it.each([
  [`Authorization: Bearer ${SECRET}`],
  [`-H "Authorization: Basic ${SECRET}=="`],
  [`"Authorization":["Bearer ${SECRET}"]`],
  [`Proxy-Authorization: Basic ${SECRET}`],
  [`Cookie: session=${SECRET}; other=1`],
  [`Set-Cookie: id=${SECRET}`],
  [`X-Registry-Auth: ${SECRET}`],
  [`https://jo:${SECRET}@registry.example/v2/`],
  [`HTTPS_PROXY=jo:${SECRET}@proxy:3128`],
  [`1.1 jo:${SECRET}@proxy (squid)`],
  [`jo:${SECRET}@[2001:db8::1]:3128`],
  [`HTTPS_PROXY=http://jo:${SECRET}@proxy:3128`],
  [`https://cdn.example/b?X-Amz-Signature=${SECRET}&X-Amz-Date=1`],
  [`https://cdn.example/b?se=1&sig=${SECRET}`],
  [`https://auth.example/token?service=r&refresh_token=${SECRET}`],
  [`https://cdn.example/b?Expires=1&Signature=${SECRET}&Key-Pair-Id=K`],
  [`password=${SECRET}`],
  [`password: ${SECRET}`],
  [`{"username":"jo","password":"${SECRET}"}`],
  [`{"access_token":"${SECRET}","expires_in":300}`],
  [`{"auth": "${SECRET}"}`],
  [`"identitytoken" : "${SECRET}"`],
  [`docker login -u jo -p ${SECRET} registry.example`],
  [`skopeo copy --src-creds jo:${SECRET} docker://x`],
  [`--password ${SECRET}`],
  [`--token=${SECRET}`],
  [`AWS_SECRET_ACCESS_KEY=${SECRET}`],
  [`token: ${SECRET}`],
  [`eyJhbGciOiJub25lIn0.eyJzdWIiOiJqbyJ9.${SECRET}`],
  [`ghp_${SECRET.replaceAll('-', '')}`],
  [`glpat-${SECRET}`],
  [`dckr_pat_${SECRET}`],
])('hides what lets anybody in: %s', (text) => {
  expect(redact(`before ${text} after`)).not.toContain('0123456789abcdef')
})

it.each([
  'failed to fetch anonymous token: unexpected status from GET request to https://a.example/token?scope=repository%3Ax%3Apull&service=r: 401 Unauthorized',
  'unauthorized: incorrect username or password',
  'no basic auth credentials',
  'missing realm in bearer auth challenge',
  'unable to retrieve auth token: invalid username/password: unauthorized',
  'Get "https://registry.example/v2/web/manifests/1?ns=docker.io": EOF',
  `failed to pull web:1@sha256:${'0f'.repeat(32)} from registry.example/team/web:1.25@sha256:${'0f'.repeat(32)}`,
  'web:1@sha256:0f0f… is not there',
  'reported by jo@example.org at 10:15 to ops@example.org',
  'malformed www-authenticate, missing realm: map[service:registry]',
])('leaves what says what went wrong: %s', (text) => {
  expect(redact(text)).toBe(text)
})
