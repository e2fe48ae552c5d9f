import { NOTICE_MAX } from '../../endpoints/statement.ts'
import { defineCommand, type OptionsOf, one } from '../spec/command-spec.ts'
import { asText, requiredValue, switchOption, value, valueOr, wholeNumber } from '../spec/option-spec.ts'
import { configArgument, configOptions, jsonOptions } from '../spec/shared-options.ts'

export const ENDPOINTS_DRAFT = defineCommand({
  name: 'endpoints draft',
  description: 'write the next list of hosts that clients need, from a config and what is published now',
  argument: configArgument,
  options: {
    ...configOptions,
    registry: requiredValue('<host[:port]>', 'the name by which image references name the door', asText),
    previous: value('<file or url>', 'what is published now; without it, this is the first list', asText),
    notice: valueOr(
      '<days>',
      'from the publication of a host until clients are sent there',
      wholeNumber(0, NOTICE_MAX),
      ['14', 14],
    ),
    emergency: value('<why>', 'send clients to what is new at once, and say why', asText),
    image: value('<[host/]name[:tag]>', 'pulled in part, to see where upstreams send clients', asText),
    offline: switchOption('ask no upstream: without token services and what upstreams redirect to'),
    out: value('<file>', 'write it there (default: print it)', asText),
  },
  examples: [
    'portolan endpoints draft door.yaml --registry registry.example --out endpoints.json',
    'portolan endpoints draft door.yaml --registry registry.example --previous endpoints.json --out next.json',
  ],
})

export const ENDPOINTS_SIGN = defineCommand({
  name: 'endpoints sign',
  description: 'sign a list of hosts, on a machine that is no door: writes FILE.sig',
  argument: one('file', 'the list'),
  options: { key: requiredValue('<file>', 'an Ed25519 private key in PEM', asText) },
  examples: ['portolan endpoints sign endpoints.json --key endpoints.key'],
})

export const ENDPOINTS_VERIFY = defineCommand({
  name: 'endpoints verify',
  description: 'say which hosts a registry has published for its clients, and check the signature',
  argument: one('location', 'the list: a file, a URL, or the URL of a door'),
  options: {
    key: value('<file>', "the operator's Ed25519 public key in PEM, or its one line", asText),
    diff: value('<file or url>', 'say what is new since this list', asText),
    ...jsonOptions(),
  },
  examples: [
    'portolan endpoints verify https://registry.example --key operator.pub.pem',
    'portolan endpoints verify https://registry.example --key operator.pub.pem --diff allowed.json',
  ],
})

export type EndpointsDraftOptions = OptionsOf<typeof ENDPOINTS_DRAFT>
export type EndpointsSignOptions = OptionsOf<typeof ENDPOINTS_SIGN>
export type EndpointsVerifyOptions = OptionsOf<typeof ENDPOINTS_VERIFY>
