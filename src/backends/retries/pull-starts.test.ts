import { expect, it } from 'vitest'
import { parseAddress } from '../../net/address.ts'
import { KeyHash } from './key-hash.ts'
import { PullStarts } from './pull-starts.ts'
import { NEVER } from './times.ts'

const key = new KeyHash(() => 0.5)

/** When the latest pull of `app` began that another one followed, in seconds, after manifests of `app` or another. */
function followedAfter(manifests: readonly (readonly [second: number, reference: string, name?: string])[]) {
  const pulls = new PullStarts()
  const turnTo = (name: string) => {
    key.address(parseAddress('192.0.2.1')!)
    key.text(name)
    pulls.turnTo(key)
  }
  for (const [second, reference, name = 'app'] of manifests) {
    turnTo(name)
    key.text(reference)
    pulls.note(key, 1000 * second)
  }
  turnTo('app')
  return pulls.followedAt === NEVER ? 'never' : pulls.followedAt / 1000
}

it.each<[string, (readonly [number, string, string?])[], number | 'never']>([
  ['a first pull', [[0, 'v1']], 'never'],
  ['HEAD and a slow GET', [0, 2].map((second) => [second, 'v1']), 'never'],
  ["three by kubelet's pauses", [0, 10, 30].map((second) => [second, 'v1']), 10],
  [
    'three of which the second holds what the tag names',
    [
      [0, 'v1'],
      [0.1, 'sha256:a'],
      [10, 'v1'],
      [30, 'v1'],
      [30.1, 'sha256:a'],
    ],
    10,
  ],
  ['one a second, by hand', Array.from({ length: 12 }, (_, second) => [second, 'v1']), 5],
  ['two tags', [0, 10, 20].map((second) => [second, `v${second}`]), 'never'],
  [
    'another repository in between',
    [
      [0, 'v1'],
      [10, 'v1', 'other'],
      [11, 'v1'],
      [20, 'v1', 'other'],
    ],
    0,
  ],
  ['one after a quarter of an hour', [0, 900].map((second) => [second, 'v1']), 'never'],
])('%s', (_, manifests, followed) => expect(followedAfter(manifests)).toBe(followed))
