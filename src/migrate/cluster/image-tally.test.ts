import { expect, it } from 'vitest'
import { WORKLOADS } from '../../cluster/resources.ts'
import { ImageTally } from './image-tally.ts'

const kindOf = (kind: string) => WORKLOADS.find((one) => one.kind === kind)!
const POD = kindOf('Pod')
const REPLICA_SET = kindOf('ReplicaSet')
const spec = (image: string) => ({ containers: [{ name: 'a', image }] })
const metadata = (controller?: object) => ({
  ...{ name: 'a', namespace: 'shop' },
  ...(controller && { ownerReferences: [{ ...controller, controller: true }] }),
})
const pod = (image: string, phase = 'Running') => ({
  metadata: metadata(),
  spec: spec(image),
  status: { phase },
})

it('takes every image of a pod, wherever it stands, each once', () => {
  const tally = new ImageTally()
  const whole = {
    ...spec('nginx:1'),
    initContainers: [{ name: 'i', image: 'busybox' }],
    ephemeralContainers: [{ name: 'e', image: 'quay.io/debug:1' }],
    volumes: [{ name: 'v', image: { reference: 'ghcr.io/data:2' } }],
  }
  tally.add(POD, [{ metadata: metadata(), spec: whole }, pod('docker.io/library/nginx:1')])
  expect(tally.references).toEqual([
    'docker.io/library/busybox:latest',
    'docker.io/library/nginx:1',
    'ghcr.io/data:2',
    'quay.io/debug:1',
  ])
})

it('leaves out what has ended, and what a controller has made of its own template', () => {
  const tally = new ImageTally()
  tally.add(POD, [pod('a.example/done:1', 'Succeeded'), pod('a.example/running:1')])
  const template = { template: { spec: spec('a.example/old:1') } }
  tally.add(REPLICA_SET, [{ metadata: metadata({ kind: 'Deployment', name: 'd' }), spec: template }])
  expect(tally.references).toEqual(['a.example/running:1'])
  expect(tally.objects).toBe(3)
})

it('says what is no image and no object, and counts what was merged alone', () => {
  const tally = new ImageTally()
  const part = tally.begin()
  part.add(POD, [pod('BAD NAME'), pod(''), 'x', null])
  tally.begin().add(POD, [pod('a.example/lost:1')])
  tally.merge(part)
  expect(tally).toMatchObject({ references: [], unclear: ['BAD NAME'], objects: 4, garbled: 2, dropped: 0 })
})
