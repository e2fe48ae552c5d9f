import { every, node, nodes, once, runs } from './clients.ts'
import { app, big, forge, HOUR, MINUTE, nat, privacyAddress, type Scenario, SECOND } from './scenario.ts'
import { addressOf, BLOB_BYTES, imageOf } from './world.ts'

/** Clients that look as if they came back, at a store that delivers. */
export const HEALTHY: readonly Scenario[] = [
  {
    name: '200 nodes behind one address, within 2 s',
    happens: (w) => nodes(w, 200, { address: nat, image: app }, 2 * SECOND),
    moves: 0,
  },
  {
    name: '200 nodes behind one address, within 1 min',
    happens: (w) => nodes(w, 200, { address: nat, image: app }, MINUTE),
    moves: 0.02,
  },
  {
    name: '200 nodes behind one address, within 10 min',
    happens: (w) => nodes(w, 200, { address: nat, image: app }, 10 * MINUTE),
    moves: 0.02,
  },
  {
    // Too far apart to be a crowd, and too many to be one client: 40 to 60 requests move before it rests.
    name: '200 nodes behind one address, within 1 h',
    happens: (w) => nodes(w, 200, { address: nat, image: app }, HOUR),
    lasts: 2 * HOUR,
    moves: 0.07,
  },
  {
    name: '2,000 nodes behind one address, within 10 s',
    happens: (w) => nodes(w, 2000, { address: nat, image: app }, 10 * SECOND),
    moves: 0,
  },
  {
    name: '2,000 nodes behind one address, within 10 min',
    happens: (w) => nodes(w, 2000, { address: nat, image: app }, 10 * MINUTE),
    moves: 0.02,
  },
  {
    name: '200 nodes behind one address, new every 10 min, 6 h',
    happens: (w) => {
      nodes(w, 200, { address: nat, image: app }, 20 * SECOND)
      every(w, 10 * MINUTE, () => nodes(w, 200, { address: nat, image: app }, 20 * SECOND))
    },
    lasts: 6 * HOUR,
    moves: 0.02,
  },
  {
    name: 'rolling update: 4 waves of 50 nodes, one a minute',
    happens: (w) => {
      for (let wave = 0; wave < 4; wave++)
        nodes(
          w,
          50,
          { address: nat, image: app, start: wave * MINUTE * (0.9 + 0.2 * w.random()) },
          5 * SECOND,
        )
    },
    moves: 0.02,
  },
  {
    // As the one before.
    name: 'rolling update: 200 nodes one after the other, 15 s',
    happens: (w) => {
      for (let n = 0; n < 200; n++) node(w, { address: nat, image: app, start: n * 15 * SECOND })
    },
    lasts: 2 * HOUR,
    moves: 0.05,
  },
  {
    // Like a crowd that comes back from kubelet's pauses in all that can be seen: a mistake, within the budget.
    name: 'rollout in 5 waves of 40 nodes with doubling pauses',
    happens: (w) => {
      for (const start of [0, 15, 45, 105, 225])
        nodes(w, 40, { address: nat, image: app, start: start * SECOND }, 2 * SECOND)
    },
    moves: 0.25,
  },
  {
    name: 'CI farm: 20 runners pull anew every 5 min, 12 h',
    happens: (w) => {
      for (let n = 0; n < 20; n++) every(w, 5 * MINUTE, () => once(w, { address: nat, image: app }))
    },
    lasts: 12 * HOUR,
    moves: 0.02,
  },
  {
    // A client alone, until moving has not helped: 63 requests in twelve hours.
    name: 'CI runner alone: pulls anew every 2 min, 12 h',
    happens: (w) => every(w, 2 * MINUTE, () => once(w, { address: nat, image: app })),
    lasts: 12 * HOUR,
    moves: 0.05,
  },
  {
    // As 100 of the 200 nodes within an hour.
    name: '200 nodes look at the tag every 5 min, 100 others pull, 2 h',
    happens: (w) => {
      for (let n = 0; n < 200; n++) every(w, 5 * MINUTE, () => w.manifest(nat, app.name, 'v1'))
      nodes(w, 100, { address: nat, image: app }, 2 * HOUR)
    },
    lasts: 2 * HOUR,
    moves: 0.1,
  },
  {
    // Like a node that finds wrong bytes of its last pull in all that can be seen.
    name: 'one node looks at the tag every min, pulls anew every 11 min, 12 h',
    happens: (w) => {
      every(w, MINUTE, () => w.manifest(nat, app.name, 'v1'))
      every(w, 11 * MINUTE, () => once(w, { address: nat, image: app }))
    },
    lasts: 12 * HOUR,
    moves: 0.1,
  },
  {
    name: 'scanner: one address, 500 images in a row, twice a day',
    happens: (w) => {
      for (let n = 0; n < 500; n++)
        for (const start of [0, 12 * HOUR])
          w.after(start + n * 4 * SECOND, () => once(w, { address: nat, image: imageOf(`image:${n}`, 5) }))
    },
    lasts: 24 * HOUR,
    moves: 0,
  },
  {
    name: 'parallel ranges: 50 nodes, each blob in 16 parts at once',
    happens: (w) => {
      for (let n = 0; n < 50; n++)
        w.after(10 * SECOND * w.random(), () => {
          for (const digest of app.blobs)
            for (let part = 0; part < 16; part++) {
              const open = part % 2 === 0
              w.blob({ address: nat, digest, start: (part * BLOB_BYTES) / 16, open })
            }
        })
    },
    moves: 0,
  },
  {
    // Who reads the same range three times within minutes is sent elsewhere for it.
    name: 'lazy puller: same ranges within ms, a look each minute',
    happens: (w) => {
      every(w, MINUTE, () => w.blob({ address: nat, digest: app.blobs[0]!, start: 0, open: false }))
      for (let n = 0; n < 300; n++)
        w.after(20 * MINUTE * w.random(), () => {
          const start = Math.floor(400 * w.random()) * 65_536
          for (let twin = 0; twin < 3; twin++)
            w.after(twin * 5, () => w.blob({ address: nat, digest: app.blobs[0]!, start, open: false }))
        })
    },
    moves: 0.05,
  },
  {
    // Takes the first image for runs by hand.
    name: 'mirror in front: 20 images, each asked for by 10 at once',
    happens: (w) => {
      for (let n = 0; n < 20; n++) {
        const image = imageOf(`mirrored:${n}`, 5)
        for (let m = 0; m < 10; m++)
          w.after(n * MINUTE + 2 * SECOND * w.random(), () => once(w, { address: nat, image }))
      }
    },
    moves: 0.04,
  },
  {
    // As the CI runner: 64 requests a day.
    name: 'curl, one blob every minute, 24 h',
    happens: (w) =>
      every(w, MINUTE, () => w.blob({ address: nat, digest: app.blobs[0]!, start: 0, open: true })),
    lasts: 24 * HOUR,
    moves: 0.05,
  },
  {
    name: 'HEAD and GET pairs',
    happens: (w) => runs(w, { address: nat, image: big, heads: true }, SECOND),
    moves: 0,
  },
  {
    name: 'load balancer hides all but 25 addresses, 12 h',
    happens: (w) => {
      every(w, 5 * SECOND, () =>
        once(w, { address: nat, image: imageOf(`hidden:${Math.floor(300 * w.random() ** 3)}`, 5) }),
      )
      for (let n = 0; n < 25; n++)
        every(w, 10 * MINUTE, () => once(w, { address: addressOf(100 + n), image: imageOf(`other:${n}`, 5) }))
    },
    lasts: 12 * HOUR,
    moves: 0.02,
  },
  {
    name: 'IPv6 with privacy addresses, 40 images',
    happens: (w) => {
      for (let n = 0; n < 40; n++)
        w.after(n * 20 * SECOND, () => once(w, { address: privacyAddress(w), image: imageOf(`v6:${n}`, 5) }))
    },
    moves: 0,
  },
  {
    name: '3,000 clients of their own, 20 images each, 2 h',
    happens: (w) => {
      for (let n = 0; n < 3000; n++)
        for (let m = 0; m < 20; m++)
          w.after(2 * HOUR * w.random(), () =>
            once(w, { address: addressOf(n), image: imageOf(`i:${m}`, 5) }),
          )
    },
    lasts: 2 * HOUR,
    moves: 0.001,
  },
  {
    name: 'client with a broken disk (kubelet), 12 tries',
    happens: (w) => node(w, { address: nat, image: app, broken: true }),
    lasts: 2 * HOUR,
  },
  {
    name: 'forger: a /48, three tries from each of 20,000 /64',
    happens: forge,
    lasts: 9 * MINUTE,
    outlier: 'check',
  },
]
