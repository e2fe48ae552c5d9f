import { z } from 'zod'
import { parseName } from '../../oci/name.ts'
import { readHostName } from '../listen-address.ts'
import { credentialsSchema } from './credentials.ts'
import {
  backendPlace,
  backendUrl,
  flag,
  folder,
  HOSTS_MAX,
  id,
  isVerifiableDigest,
  text,
  textThat,
} from './values.ts'

function isManifestCanary(value: string): boolean {
  const at = value.indexOf('@')
  return at > 0 && parseName(value.slice(0, at)) !== undefined && isVerifiableDigest(value.slice(at + 1))
}

const prefix = () =>
  textThat(
    'a repository prefix: lower-case letters and digits, joined by ".", "_", "__", "-" and "/", no "/" at the ends',
    (value) => value === '' || parseName(value) !== undefined,
  )

/** How an upstream is filled. */
const registryFillSchema = z.strictObject({
  registry: z
    .strictObject({
      url: backendUrl().optional().describe('Where it is pushed to; the url of the upstream without it.'),
      prefix: prefix()
        .optional()
        .describe('Repository prefix there; the prefix of the upstream unless this or url says otherwise.'),
      credentials: credentialsSchema
        .optional()
        .describe('By what "portolan sync" may push there; without it, the login of whoever runs it.'),
    })
    .describe('As the registry that it is: blobs, manifests and tags are pushed to it.'),
})

/** A trusted registry. */
export const upstreamSchema = z.strictObject({
  id: id().describe('Its name in rules, logs and metrics; unique among upstreams and stores.'),
  url: backendUrl()
    .optional()
    .describe('Where it is served: origin and optional path. Either this, layout or bundle.'),
  layout: folder()
    .optional()
    .describe(
      'Folder of an OCI image layout that the door serves itself; relative to the folder of this file.',
    ),
  bundle: folder()
    .optional()
    .describe(
      'Folder with the parts of a bundle that the door serves itself; relative to the folder of this file.',
    ),
  prefix: prefix()
    .prefault('')
    .describe('Repository prefix at the upstream, put before the name that a client asks for.'),
  at: backendPlace(),
  canonical: flag()
    .optional()
    .describe(
      'The one that holds everything, signatures too, and is the last resort. A sole upstream is canonical.',
    ),
  complete: flag()
    .prefault(true)
    .describe(
      'Whether it has all that the canonical one has; if not, it is asked before a client is sent there.',
    ),
  signatures: flag()
    .prefault(true)
    .describe(
      'Whether it has signatures, attestations and other referrers, too. With false, they and what they name come from others: it is asked for whatever a digest names.',
    ),
  canary: textThat('NAME@DIGEST, such as pause@sha256:…', isManifestCanary)
    .optional()
    .describe('A manifest that it must have, NAME@DIGEST, by which its health is tried.'),
  tokenServices: z
    .array(text('a host name, such as login.example.net', readHostName))
    .max(HOSTS_MAX)
    .optional()
    .describe('Hosts in other domains that may get the login to the registry, to give tokens for it.'),
  credentials: credentialsSchema
    .optional()
    .describe('By what a mirror proves itself to it: exactly one kind. No secret stands here.'),
  fill: registryFillSchema
    .optional()
    .describe('How "portolan sync" keeps it equal to the upstream that is copied from.'),
})
