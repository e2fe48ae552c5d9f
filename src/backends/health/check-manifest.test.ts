import { expect, it } from 'vitest'
import { makeBlob, makeManifest } from '../../../test/support/content.ts'
import { type FAULTS, type Served, startMisbehaving } from '../../../test/support/misbehaving.ts'
import { CELLAR } from '../../../test/support/places.ts'
import { probeFetch } from '../../../test/support/probe-fetch.ts'
import { storeAt } from '../../../test/support/view.ts'
import type { Digest } from '../../oci/digest.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../oci/manifest.ts'
import { compileDigestPath } from '../../routing/backend.ts'
import { checkManifest } from './check-manifest.ts'

const IMAGE = makeManifest(makeBlob('config'))
const LISTED = { digest: IMAGE.digest as Digest, mediaType: OCI_MANIFEST }
const manifestPath = compileDigestPath('manifests/{digest}')

async function check(served: Served | undefined, fault?: (typeof FAULTS)[number]) {
  await using server = await startMisbehaving({ content: () => served, fault })
  return await checkManifest(
    storeAt('store', CELLAR, { url: server.origin, manifestPath }),
    LISTED,
    probeFetch(),
  )
}

it.each<[string, Served | undefined, object]>([
  ['as it is', IMAGE, { works: true }],
  ['with a parameter of its type', { ...IMAGE, type: `${OCI_MANIFEST}; charset=utf-8` }, { works: true }],
  [
    'as bytes of any kind',
    { ...IMAGE, type: 'application/octet-stream' },
    {
      works: false,
      why: `GET of the listed manifest ${IMAGE.digest} answered Content-Type: application/octet-stream; it is a ${OCI_MANIFEST}`,
    },
  ],
  ['as something else', { ...IMAGE, type: OCI_INDEX }, { works: false }],
  [
    'with other bytes',
    { ...IMAGE, bytes: Buffer.from('{}') },
    { works: false, why: expect.stringContaining('wrong bytes') },
  ],
  ['not at all', undefined, { works: false, why: expect.stringContaining('answered 404') }],
])('a listed manifest that a store serves %s', async (_, served, expected) => {
  expect(await check(served)).toMatchObject(expected)
})

it.each([
  '500',
  '503 with Retry-After',
  'hang before headers',
  'refused connection',
  'cut in the body',
] as const)('nothing is learnt from %s', async (fault) => {
  expect(await check(IMAGE, fault)).toBeUndefined()
})
