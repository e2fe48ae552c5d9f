import { expect, test } from 'vitest'
import type { CredentialsConfig } from '../config/config.ts'
import { ofLogin } from './login-hosts.ts'

const ECR = '123456789012.dkr.ecr'

test.each<[string, CredentialsConfig, string[]]>([
  [
    `${ECR}.eu-west-3.amazonaws.com`,
    { kind: 'cloud', cloud: 'aws' },
    ['api.ecr.eu-west-3.amazonaws.com', 'sts.eu-west-3.amazonaws.com'],
  ],
  [
    `${ECR}-fips.us-gov-west-1.amazonaws.com`,
    { kind: 'cloud', cloud: 'aws' },
    ['ecr-fips.us-gov-west-1.amazonaws.com', 'sts.us-gov-west-1.amazonaws.com'],
  ],
  [
    `${ECR}.cn-north-1.amazonaws.com.cn`,
    { kind: 'cloud', cloud: 'aws' },
    ['api.ecr.cn-north-1.amazonaws.com.cn', 'sts.cn-north-1.amazonaws.com.cn'],
  ],
  ['acme.azurecr.io', { kind: 'cloud', cloud: 'azure' }, ['login.microsoftonline.com']],
  ['eu.gcr.io', { kind: 'cloud', cloud: 'gcp' }, ['oauth2.googleapis.com']],
  ['registry.example', { kind: 'helper', name: 'pass' }, []],
])('for its login to %s by %j, a mirror asks %j', (host, credentials, expected) => {
  const upstream = { id: 'a', prefix: '', at: 'dc/x', canonical: true, complete: true, signatures: true }
  const needs = ofLogin({ ...upstream, url: `https://${host}`, credentials })
  expect(needs.map((need) => need.host)).toEqual(expected)
  for (const { from, port } of needs) expect({ from, port }).toEqual({ from: ['door'], port: 443 })
})
