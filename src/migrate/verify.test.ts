import { describe, expect, it } from 'vitest'
import type { Digest } from '../oci/digest.ts'
import { formatReference } from '../oci/reference.ts'
import { KUBERNETES_MAP } from './builtin-map.ts'
import { findKubernetes } from './finders/kubernetes.ts'
import { findingsOf } from './findings.ts'
import { createMap } from './map.ts'
import { pinned, type Resolve, TargetChecker } from './verify.ts'

const ONE = `sha256:${'1'.repeat(64)}` as Digest
const TWO = `sha256:${'2'.repeat(64)}` as Digest

function finding(value: string) {
  const source = {
    path: 'pod.yaml',
    text: `kind: Pod\napiVersion: v1\nspec: {containers: [{image: "${value}"}]}`,
  }
  return findingsOf(source, findKubernetes(source), createMap(KUBERNETES_MAP))[0]!
}

/** Registries that hold these references, and know nothing of others. */
function registries(content: Readonly<Record<string, Digest | 'unreachable'>>) {
  const asked: string[] = []
  const resolve: Resolve = async (reference) => {
    asked.push(formatReference(reference))
    return content[formatReference(reference)]
  }
  return { asked, checker: new TargetChecker(resolve) }
}

describe('a change of k8s.gcr.io/pause:3.9', () => {
  it.each([
    ['is good when both have the same', ONE, ONE, { kind: 'same', digest: ONE }],
    ['is good when only the new one has it', undefined, ONE, { kind: 'same', digest: ONE }],
    [
      'is refused when the new one lacks it',
      ONE,
      undefined,
      { kind: 'refused', reason: 'there is no registry.k8s.io/pause:3.9' },
    ],
    [
      'is refused when the new one has something else',
      ONE,
      TWO,
      { kind: 'refused', reason: `k8s.gcr.io/pause:3.9 is ${ONE}, and registry.k8s.io/pause:3.9 is ${TWO}` },
    ],
    [
      'is not known when the new one gives no answer',
      ONE,
      'unreachable',
      { kind: 'unreachable', reason: 'registry.k8s.io gives no answer' },
    ],
    [
      'is not known when the old one gives no answer',
      'unreachable',
      ONE,
      { kind: 'unreachable', reason: 'k8s.gcr.io gives no answer' },
    ],
  ] as const)('%s', async (_, old, young, expected) => {
    const { checker } = registries({
      ...(old && { 'k8s.gcr.io/pause:3.9': old }),
      ...(young && { 'registry.k8s.io/pause:3.9': young }),
    })
    expect(await checker.verify(finding('k8s.gcr.io/pause:3.9'))).toEqual(expected)
  })
})

it('asks about each change once, and about a digest only where it goes', async () => {
  const { checker, asked } = registries({ [`registry.k8s.io/pause@${ONE}`]: ONE })
  const change = finding(`k8s.gcr.io/pause@${ONE}`)
  expect(await Promise.all([checker.verify(change), checker.verify(change)])).toEqual(
    Array(2).fill({ kind: 'same', digest: ONE }),
  )
  expect(asked).toEqual([`registry.k8s.io/pause@${ONE}`])
})

it('pins what has no digest, behind the tag', () => {
  expect(pinned(finding('k8s.gcr.io/pause:3.9'), ONE)).toMatchObject({
    replacement: `registry.k8s.io/pause:3.9@${ONE}`,
    edits: [{ text: `registry.k8s.io/pause:3.9@${ONE}` }],
  })
  const already = finding(`k8s.gcr.io/pause:3.9@${TWO}`)
  expect(pinned(already, ONE)).toBe(already)
})
