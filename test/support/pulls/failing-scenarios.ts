import { node, nodes, once, runs } from './clients.ts'
import { TOOLS } from './pull.ts'
import { app, big, forge, MINUTE, nat, privacyAddress, type Scenario, SECOND } from './scenario.ts'
import { addressOf, BLOB_BYTES, type Fault, imageOf, type PullWorld } from './world.ts'

const refuses: Fault = () => ({ reached: 0, after: 80 })
const refusesOne: Fault = ({ digest }) => (digest === app.blobs[3] ? { reached: 0, after: 80 } : 'delivers')
const refusesNat: Fault = ({ address }) =>
  address.word0 === nat.word0 ? { reached: 0, after: 80 } : 'delivers'
const stalls: Fault = () => ({ reached: 0, after: 30_000 })
const cutsHalfWay: Fault = ({ start }) => ({ reached: start + (BLOB_BYTES - start) / 2, after: 700 })
const cutsAtMiB: Fault = () => ({ reached: 2 ** 20, after: 200 })
const cutsAfterMiB: Fault = ({ start }) => ({ reached: start + 4 * 2 ** 20, after: 200 })
/** All bytes come, and the digest is wrong. */
const wrongBytes: Fault = () => ({ reached: BLOB_BYTES, after: 1500, isWrong: true })
const wrongBytesOfOne: Fault = (ask) => (ask.digest === app.blobs[3] ? wrongBytes(ask, () => 0) : 'delivers')

/** Clients that a store fails, which our own checks do not notice. */
export const FAILING: readonly Scenario[] = [
  {
    name: 'kubelet, store refuses',
    world: { near: refuses },
    happens: (w) => node(w, { address: nat, image: app }),
    tries: 3,
  },
  {
    name: 'kubelet, image of 20 blobs, store refuses',
    world: { near: refuses },
    happens: (w) => node(w, { address: nat, image: big }),
    tries: 3,
  },
  {
    name: 'kubelet, 10 images at once, store refuses',
    world: { near: refuses },
    happens: (w) => {
      for (let n = 0; n < 10; n++) node(w, { address: nat, image: imageOf(`pod:${n}`, 8), start: n * 300 })
    },
    tries: 3,
  },
  {
    name: 'kubelet, one blob refused',
    world: { near: refusesOne },
    happens: (w) => node(w, { address: nat, image: app }),
    tries: 3,
  },
  {
    name: 'kubelet, store stalls',
    world: { near: stalls },
    happens: (w) => node(w, { address: nat, image: app }),
    tries: 3,
  },
  {
    name: 'kubelet, wrong bytes',
    world: { near: wrongBytes },
    happens: (w) => node(w, { address: nat, image: app }),
    tries: 3,
  },
  {
    // Its second try finds the wrong bytes of its first, and asks for the tag and nothing else.
    name: 'kubelet, wrong bytes in one blob, kept for 15 s',
    world: { near: wrongBytesOfOne },
    happens: (w) => node(w, { address: nat, image: app, tool: TOOLS.collector }),
    tries: 3,
  },
  {
    name: 'kubelet, wrong bytes at two stores, kept for 15 s',
    world: { near: wrongBytesOfOne, next: wrongBytesOfOne },
    happens: (w) => node(w, { address: nat, image: app, tool: TOOLS.collector }),
    tries: 4,
  },
  {
    name: 'kubelet, 10 images, one with wrong bytes, kept for 15 s',
    world: { near: wrongBytesOfOne },
    happens: (w) => {
      node(w, { address: nat, image: app, tool: TOOLS.collector })
      for (let n = 1; n < 10; n++)
        node(w, { address: nat, image: imageOf(`pod:${n}`, 8), start: n * 3 * SECOND })
    },
    tries: 3,
  },
  {
    // Nothing is asked for again until its fourth try.
    name: 'kubelet, wrong bytes in one blob, kept for 45 s',
    world: { near: wrongBytesOfOne },
    happens: (w) => node(w, { address: nat, image: app, tool: { ...TOOLS.collector, collects: 45_000 } }),
    tries: 4,
  },
  {
    // The same until its ninth.
    name: 'crictl again 2 s after it failed, wrong bytes kept for 15 s',
    world: { near: wrongBytesOfOne },
    happens: (w) => runs(w, { address: nat, image: app, tool: TOOLS.collector }, 2 * SECOND),
    tries: 9,
  },
  {
    // The quiet in between is not kubelet's pause.
    name: '200 nodes behind one address within 2 s, wrong bytes kept for 15 s',
    world: { near: wrongBytesOfOne },
    happens: (w) => nodes(w, 200, { address: nat, image: app, tool: TOOLS.collector }, 2 * SECOND),
    tries: 5,
  },
  {
    name: 'kubelet, two stores refuse',
    world: { near: refuses, next: refuses },
    happens: (w) => node(w, { address: nat, image: big }),
    tries: 4,
  },
  {
    name: 'containerd, cut half-way (resumes)',
    world: { near: cutsHalfWay },
    happens: (w) => node(w, { address: nat, image: app }),
    tries: 3,
  },
  {
    name: 'containerd, cut at one offset',
    world: { near: cutsAtMiB },
    happens: (w) => node(w, { address: nat, image: app }),
    tries: 3,
  },
  {
    name: 'containerd, cut after every 4 MiB (resumes)',
    world: { near: cutsAfterMiB },
    happens: (w) => node(w, { address: nat, image: app }),
    tries: 1,
  },
  ...(['skopeo', 'crane', 'oras', 'regctl'] as const).flatMap((tool): Scenario[] =>
    [1, 10, 60].map((pause) => ({
      name: `${tool} again ${pause} s after it failed, store refuses`,
      world: { near: refuses },
      happens: (w: PullWorld) => runs(w, { address: nat, image: app, tool: TOOLS[tool] }, pause * SECOND),
      tries: 3,
    })),
  ),
  {
    name: 'crane every 10.5 s, one blob refused',
    world: { near: refusesOne },
    happens: (w) => runs(w, { address: nat, image: app, tool: TOOLS.crane }, 10.5 * SECOND),
    tries: 3,
  },
  {
    name: 'regctl, cut at one offset',
    world: { near: cutsAtMiB },
    happens: (w) => runs(w, { address: nat, image: app, tool: TOOLS.regctl }, SECOND),
    tries: 3,
  },
  {
    name: 'docker, retries by itself, store refuses',
    world: { near: refuses },
    happens: (w) => runs(w, { address: nat, image: app, tool: TOOLS.docker }, MINUTE),
    tries: 3,
  },
  {
    name: 'HEAD and GET pairs, store refuses',
    world: { near: refuses },
    happens: (w) => runs(w, { address: nat, image: big, heads: true }, SECOND),
    tries: 3,
  },
  {
    name: 'IPv6 with a privacy address for each request, refused',
    world: { near: refuses },
    happens: (w) => node(w, { address: () => privacyAddress(w), image: app }),
    tries: 3,
  },
  ...[
    { count: 2, within: 2, tries: 3 },
    { count: 2, within: 30, tries: 3 },
    { count: 5, within: 2, tries: 3 },
    { count: 10, within: 2, tries: 3 },
    { count: 200, within: 2, tries: 3 },
    { count: 200, within: 5, tries: 3 },
    // Further apart than kubelet's first pauses, so that the bursts are one until the pauses have grown. The first few
    // move at their third try; the others look like new nodes, and wait for a check of our own or for this.
    { count: 5, within: 30, tries: 8 },
    { count: 10, within: 30, tries: 7 },
    { count: 200, within: 15, tries: 6 },
    { count: 200, within: 30, tries: 7 },
  ].map(
    ({ count, within, tries }): Scenario => ({
      name: `${count} nodes behind one address within ${within} s, refused`,
      world: { near: refuses },
      happens: (w) => nodes(w, count, { address: nat, image: app }, within * SECOND),
      tries,
    }),
  ),
  {
    name: '200 nodes behind one address within 2 s, one blob refused',
    world: { near: refusesOne },
    happens: (w) => nodes(w, 200, { address: nat, image: app }, 2 * SECOND),
    tries: 3,
  },
  {
    // Moves as much as one network may in an hour, and no more: 1,807 of the nodes give up. Nothing is promised.
    name: '2,000 nodes behind one address within 2 s, refused',
    world: { near: refuses },
    happens: (w) => nodes(w, 2000, { address: nat, image: app }, 2 * SECOND),
  },
  {
    // The address has moved what it may when its healthy nodes looked as if they came back.
    name: 'one blob refused to one node of 100 that pull other images',
    world: { near: refusesOne },
    happens: (w) => {
      for (let n = 0; n < 100; n++)
        node(w, { address: nat, image: imageOf(`busy:${n % 10}`, 5), start: 5 * MINUTE * w.random() })
      node(w, { address: nat, image: app, start: 2 * MINUTE })
    },
    tries: 7,
  },
  {
    name: '200 nodes refused, among 500 clients served',
    world: { near: refusesNat },
    happens: (w) => {
      nodes(w, 200, { address: nat, image: app, start: 5 * MINUTE }, 2 * SECOND)
      for (let n = 0; n < 500; n++)
        w.after(20 * MINUTE * w.random(), () => once(w, { address: addressOf(1000 + n), image: app }))
    },
    lasts: 20 * MINUTE,
    tries: 3,
  },
  {
    name: 'mirror in front, store refuses, asked for again each 20 s',
    world: { near: refuses },
    happens: (w) => runs(w, { address: nat, image: app, tool: TOOLS.containerd }, 20 * SECOND),
    tries: 3,
  },
  {
    name: '200 clients of their own, store refuses all',
    world: { near: refuses },
    happens: (w) => {
      for (let n = 0; n < 200; n++)
        node(w, { address: addressOf(n), image: app, start: 5 * MINUTE * w.random() })
    },
    lasts: 9 * MINUTE,
    tries: 3,
    outlier: 'eject',
  },
  {
    name: 'kubelet refused while a forger spends the budget',
    world: { near: refuses },
    happens: (w) => {
      forge(w)
      node(w, { address: nat, image: app, start: 10 * MINUTE })
    },
    lasts: 20 * MINUTE,
    tries: 3,
  },
]
