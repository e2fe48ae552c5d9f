import { expect, it } from 'vitest'
import { parseAddress } from '../../net/address.ts'
import { Addresses } from './addresses.ts'
import { KeyHash } from './key-hash.ts'

type Step = readonly [second: number, manifest: string | undefined]

/** What is known of an address after manifests, and blobs where there is no name. */
function after(steps: readonly Step[]) {
  const addresses = new Addresses()
  const key = new KeyHash(() => 0.5)
  for (const [second, manifest] of steps) {
    key.address(parseAddress('192.0.2.1')!)
    addresses.turnTo(key)
    key.text(manifest ?? '')
    if (manifest === undefined) addresses.noteBlob(1000 * second)
    else addresses.noteManifest(key, 1000 * second)
  }
  return {
    again: addresses.manifestAgainAt,
    before: addresses.manifestBefore,
    pulls: addresses.manifestPulls,
  }
}

it.each<[string, Step[], number]>([
  [
    'a first pull',
    [
      [0, 'app:v1'],
      [1, undefined],
    ],
    1,
  ],
  [
    'HEAD and GET of one manifest',
    [
      [0, 'app:v1'],
      [0.1, 'app:v1'],
      [1, undefined],
    ],
    1,
  ],
  [
    'looks without a pull',
    [
      [0, 'app:v1'],
      [60, 'app:v1'],
      [120, 'app:v1'],
    ],
    1,
  ],
  [
    'pulls of two images',
    [
      [0, 'app:v1'],
      [1, undefined],
      [2, 'app:v2'],
      [3, undefined],
    ],
    1,
  ],
  [
    'a pull after a quarter of an hour',
    [
      [0, 'app:v1'],
      [1, undefined],
      [900, 'app:v1'],
    ],
    1,
  ],
  [
    'a pull that began again',
    [
      [0, 'app:v1'],
      [1, undefined],
      [10, 'app:v1'],
    ],
    2,
  ],
  [
    'one that did so twice',
    [
      [0, 'app:v1'],
      [1, undefined],
      [10, 'app:v1'],
      [11, undefined],
      [30, 'app:v1'],
    ],
    3,
  ],
])('counts %s', (_, steps, pulls) => {
  const { again, before, pulls: counted } = after(steps)
  expect(counted).toBe(pulls)
  if (pulls > 1) expect(again).toBeGreaterThan(before)
  else expect(again).toBeLessThan(0)
})
