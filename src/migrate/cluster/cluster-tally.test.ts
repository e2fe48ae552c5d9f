import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WORKLOADS } from '../../cluster/resources.ts'
import { KUBERNETES_MAP } from '../builtin-map.ts'
import { createMap } from '../map.ts'
import { ClusterTally } from './cluster-tally.ts'

const MAP = createMap(KUBERNETES_MAP)
const POD = WORKLOADS.findIndex(({ kind }) => kind === 'Pod')

/** Objects of a small cluster, by the index of their kind. */
const name = fc.constantFrom('a', 'b', 'c')
const partsOf = <Value>(value: fc.Arbitrary<Value>) =>
  fc.array(fc.array(value, { maxLength: 8 }), { maxLength: 4 })
const object = fc.record({
  kind: fc.nat(WORKLOADS.length - 1),
  name,
  image: fc.constantFrom('k8s.gcr.io/pause:3.1', 'k8s.gcr.io/dns:1', 'docker.io/library/nginx:1'),
  controller: fc.option(
    fc.tuple(fc.constantFrom('Deployment', 'ReplicaSet', 'Job', 'CronJob', 'Thing'), name),
    {
      nil: undefined,
    },
  ),
})

interface Made {
  readonly kind: number
  readonly name: string
  readonly image: string
  readonly controller: readonly [kind: string, name: string] | undefined
}

/** Custom resources of the same names, and what controls them. */
const THINGS = { kind: 'Thing', name: 'things', versions: ['acme.example/v1'] }
const thing = fc.record({
  name,
  image: object.map(({ image }) => image),
  controller: fc.option(fc.tuple(fc.constantFrom('Thing', 'Deployment'), name), { nil: undefined }),
})

function itemOfThing({ name, image, controller }: Omit<Made, 'kind'>): unknown {
  return { metadata: metadataOf(name, controller), spec: { image, about: `made of ${image}` } }
}

function metadataOf(name: string, controller: Made['controller']): object {
  return {
    ...{ name, namespace: 'shop' },
    ...(controller && { ownerReferences: [{ kind: controller[0], name: controller[1], controller: true }] }),
  }
}

function itemOf({ kind, name, image, controller }: Made): unknown {
  const spec = { containers: [{ name: 'app', image }] }
  return {
    metadata: metadataOf(name, controller),
    ...(WORKLOADS[kind]!.podSpec.reduceRight<unknown>((inner, key) => ({ [key]: inner }), spec) as object),
  }
}

describe('a tally', () => {
  it('says the same however the objects came in parts, circles of owners included', () => {
    fc.assert(
      fc.property(partsOf(object), partsOf(thing), (parts, customParts) => {
        const [whole, merged] = [new ClusterTally(MAP), new ClusterTally(MAP)]
        for (const objects of customParts) {
          const part = merged.begin()
          for (const tally of [whole, part]) tally.addCustom(THINGS, objects.map(itemOfThing))
          merged.merge(part)
        }
        for (const objects of parts) {
          const part = merged.begin()
          for (const one of objects) {
            for (const tally of [whole, part]) tally.add(WORKLOADS[one.kind]!, [itemOf(one)])
          }
          merged.merge(part)
        }
        expect(merged.findings('cluster/test')).toEqual(whole.findings('cluster/test'))
        expect(merged.objects).toBe(whole.objects)
        expect(merged.custom.mentions).toEqual(whole.custom.mentions)
      }),
    )
  })

  it('counts every pod once, whatever controls it', () => {
    const pods = fc.array(object.map((one): Made => ({ ...one, kind: POD, image: 'k8s.gcr.io/dns:1' })))
    fc.assert(
      fc.property(pods, fc.array(thing), (objects, things) => {
        const tally = new ClusterTally(MAP)
        tally.addCustom(THINGS, things.map(itemOfThing))
        for (const one of objects) tally.add(WORKLOADS[one.kind]!, [itemOf(one)])
        const sum = tally.findings('cluster/test').reduce((total, { pods = 0 }) => total + pods, 0)
        expect(sum).toBe(objects.filter(({ controller }) => controller).length)
      }),
    )
  })
})
