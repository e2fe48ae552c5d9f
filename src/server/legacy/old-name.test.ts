import { beforeEach, describe, expect, it, test } from 'vitest'
import {
  ALL,
  answerOf,
  at,
  BLOB,
  DAY,
  DIGEST,
  digestOf,
  LIST,
  MANIFEST,
  OCI,
  OldNameDoor,
  SIGNATURE,
  TAG,
} from '../../../test/support/old-name-door.ts'

let world: OldNameDoor
beforeEach(() => {
  world = new OldNameDoor()
})

test('a schedule goes from one phase to the next, each at its moment', async () => {
  await world.open(ALL)
  const seen: string[] = []
  for (const [day, hours] of [
    [0, 12],
    [1, 12],
    [2, 12],
    [3, 3],
    [3, 12],
    [4, 12],
    [5, 12],
  ] as const) {
    await world.pass(day * DAY + hours * 3_600_000 - world.runtime.now())
    const { status, headers } = await world.ask(TAG)
    const blob = await world.ask(BLOB)
    seen.push(`${day} ${hours}h: ${status} ${headers.Location ?? headers.Warning ?? ''} blob ${blob.status}`)
  }
  expect(seen).toEqual([
    `0 12h: 307 https://main.example/v2/app/manifests/${DIGEST} blob 307`,
    `1 12h: 307 https://main.example/v2/app/manifests/${DIGEST} blob 307`,
    '2 12h: 200 299 - "old.example is frozen since 2025-06-01 and ends on 2026-01-06T00:00:00Z: pull new.example/app:1.0 instead, see https://new.example/move" blob 307',
    '3 3h: 503  blob 307',
    '3 12h: 200 299 - "old.example is frozen since 2025-06-01 and ends on 2026-01-06T00:00:00Z: pull new.example/app:1.0 instead, see https://new.example/move" blob 307',
    '4 12h: 307 https://new.example/v2/app/manifests/1.0 blob 307',
    '5 12h: 403  blob 403',
  ])
  // The name of today knows of none of it.
  expect(await world.ask(TAG, { host: 'new.example' })).toMatchObject({
    status: 307,
    headers: { Location: 'https://main.example/v2/app/manifests/1.0' },
  })
})

describe('a manifest with a warning', () => {
  beforeEach(async () => {
    await world.open([
      { phase: 'warn', from: at(0) },
      { phase: 'refuse', from: at(30) },
    ])
  })

  it('has the headers of an end, is what the tag stood for, and no cache may share it', async () => {
    const reply = await world.ask(TAG)
    expect(reply).toMatchObject({
      status: 200,
      headers: {
        'Content-Type': OCI,
        'Docker-Content-Digest': DIGEST,
        'Cache-Control': 'private, no-cache',
        Deprecation: '@1748736000',
        Sunset: 'Sat, 31 Jan 2026 00:00:00 GMT',
        Link: '<https://new.example/v2/app/manifests/1.0>; rel="successor-version", <https://new.example/move>; rel="deprecation sunset"; type="text/html"',
      },
    })
    expect(new TextDecoder().decode(reply.body as Uint8Array)).toBe(MANIFEST)
    const head = await world.ask(TAG, { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, headers: { Warning: reply.headers.Warning } })
    expect(head.body).toBeUndefined()
  })

  // containerd 2.4 drops a warning where %xx stands for what no quoted string has, such as a quote or a line's end.
  it('has an address in it that every reader of warnings can read', async () => {
    await world.service[Symbol.asyncDispose]()
    await world.open([{ phase: 'warn', from: at(0) }], { info: 'https://new.example/a%0D%5c?b="1"&c=%20é' })
    const { Warning } = (await world.ask(TAG)).headers
    expect(Warning).toContain(', see https://new.example/a%250D%255c?b=%25221%2522&c=%20%C3%A9"')
    expect(Warning).toMatch(/^299 - "[^"\\]*"$/)
  })

  it('is asked of the upstream once, and told apart from what the successor’s tag has become', async () => {
    await world.ask(TAG)
    await world.ask(TAG)
    await world.ask(`/v2/app/manifests/${DIGEST}`)
    expect(world.asked.filter((url) => url.includes('/manifests/'))).toEqual([
      `https://main.example/v2/app/manifests/${DIGEST}`,
    ])
  })

  test.each<[string, () => Response | Promise<Response>]>([
    ['is down', () => Promise.reject(new Error('refused'))],
    ['fails', () => answerOf('', 500)],
    ['has lost it', () => answerOf('', 404)],
    ['gives other bytes', () => answerOf(MANIFEST.replace('2', '3'))],
  ])('sends the client where it would go otherwise when the upstream %s', async (_, upstream) => {
    world.upstream = upstream
    expect(await world.ask(TAG)).toMatchObject({
      status: 307,
      headers: { Location: `https://main.example/v2/app/manifests/${DIGEST}` },
    })
  })

  it('keeps nobody waiting for an upstream that gives no answer, and is counted as what it became', async () => {
    world.upstream = () => new Promise(() => {})
    const reply = world.ask(TAG)
    await world.pass(4000)
    expect(await Promise.race([reply, 'waits'])).toBe('waits')
    await world.pass(1000)
    expect(await Promise.race([reply, 'waits'])).toMatchObject({
      status: 307,
      headers: { Location: `https://main.example/v2/app/manifests/${DIGEST}` },
    })
    expect(world.told(/^request$/)).toMatchObject([{ legacy: 'pass', phase: 'warn-1' }])
  })

  it('is fetched of what tags stand for alone: nobody can have others fetched', async () => {
    for (let count = 0; count < 20; count++) {
      const { status } = await world.ask(`/v2/app/manifests/${digestOf(`${count}`)}`)
      expect(status).toBe(307)
    }
    expect(world.asked.filter((url) => url.includes('/manifests/'))).toEqual([])
  })

  it('comes for signatures from where they are, without a warning', async () => {
    const { status, headers } = await world.ask(`/v2/app/manifests/${SIGNATURE}`)
    expect({ status, warning: headers.Warning }).toEqual({ status: 307, warning: undefined })
  })
})

describe('what was never there', () => {
  test.each<[string, string, string, string]>([
    ['warn', '/v2/app/manifests/1.27', 'MANIFEST_UNKNOWN', 'app:1.27'],
    ['redirect', '/v2/app/manifests/1.27', 'MANIFEST_UNKNOWN', 'app:1.27'],
    ['announce', '/v2/newer/manifests/1.27', 'NAME_UNKNOWN', 'newer:1.27'],
    ['warn', '/v2/newer/tags/list', 'NAME_UNKNOWN', 'newer'],
    ['warn', '/v2/toString/manifests/1', 'NAME_INVALID', ''],
    ['warn', '/v2/constructor/manifests/1', 'MANIFEST_UNKNOWN', 'constructor:1'],
  ])('in phase %s, %s is %s, with where it is', async (phase, target, code, image) => {
    await world.open([{ phase, from: at(0) }])
    const { status, json } = await world.ask(target)
    expect({ status, code: json?.code }).toEqual({ status: code === 'NAME_INVALID' ? 400 : 404, code })
    if (image !== '') {
      expect(json?.message).toBe(
        `old.example is frozen since 2025-06-01 and never had ${image}; pull new.example/${image}`,
      )
    }
  })

  it('is asked for where it is when a digest names it: lists have what has a tag', async () => {
    await world.open([{ phase: 'announce', from: at(0) }])
    for (const path of [`manifests/${DIGEST}`, `blobs/${DIGEST}`, `referrers/${DIGEST}`]) {
      expect((await world.ask(`/v2/untagged/${path}`)).status, path).toBe(307)
    }
  })

  it('is not known before there is a list, and the list of tags is that of the old name', async () => {
    world.files.delete('/list.json')
    await world.open([{ phase: 'announce', from: at(0) }])
    expect((await world.ask('/v2/app/manifests/1.27')).status).toBe(307)
    world.files.set('/list.json', JSON.stringify(LIST))
    await world.pass(2000)
    expect((await world.ask('/v2/app/manifests/1.27')).status).toBe(404)
    const { body } = await world.ask('/v2/app/tags/list')
    expect(JSON.parse(new TextDecoder().decode(body as Uint8Array))).toEqual({
      ...{ name: 'app', tags: ['1.0', '2', 'latest', SIGNATURE] },
    })
  })
})

it('gives the tags of the old name on pages, whole numbers among them', async () => {
  const tags = Object.fromEntries(['9', '10', '1.0', '1'].map((tag) => [tag, DIGEST]))
  world.files.set('/list.json', JSON.stringify({ ...LIST, repositories: { app: { tags } } }))
  await world.open([{ phase: 'announce', from: at(0) }])
  const found: string[] = []
  let next: string | undefined = '/v2/app/tags/list?n=1'
  while (next !== undefined) {
    const { body, headers } = await world.ask(next)
    found.push(...JSON.parse(new TextDecoder().decode(body as Uint8Array)).tags)
    next = /^<([^>]+)>; rel="next"$/.exec(headers.Link ?? '')?.[1]
  }
  expect(found).toEqual(['1', '1.0', '10', '9'])
})

describe('a brownout', () => {
  const window = (more: object = {}) => [
    { phase: 'brownout', from: at(0), until: at(0, '01:00:00'), ...more },
  ]

  it('answers 503 with the seconds until it is over, and the way out', async () => {
    await world.open(window())
    await world.pass(60_000)
    const { status, headers, json } = await world.ask('/v2/app/manifests/1.27')
    expect({ status, retry: headers['Retry-After'], json }).toMatchObject({
      status: 503,
      retry: '3540',
      json: {
        code: 'UNAVAILABLE',
        message:
          'old.example is switched off until 2026-01-01T01:00:00Z to show what still uses it: pull new.example/app:1.27 instead, see https://new.example/move',
      },
    })
    expect((await world.ask('/v2/')).status).toBe(200)
  })

  it('answers 403 where the config says so', async () => {
    await world.open(window({ answer: 'denied' }))
    expect(await world.ask(TAG)).toMatchObject({ status: 403, json: { code: 'DENIED' } })
  })

  it('meets a tenth of all networks, the same each time, and nobody else', async () => {
    await world.open(window({ cohort: { share: '10 %' } }))
    const statuses = async () => {
      const hit: string[] = []
      for (let network = 0; network < 2000; network++) {
        const from = `198.${18 + (network >> 8)}.${network & 255}.${network % 250}`
        if ((await world.ask(TAG, { from })).status === 503) hit.push(`${from}`)
      }
      return hit
    }
    const first = await statuses()
    expect(first.length).toBeGreaterThan(150)
    expect(first.length).toBeLessThan(250)
    expect(await statuses()).toEqual(first)
    // Whoever shares the network shares its lot; whose address is not known has none.
    const neighbour = first[0]!.replace(/\d+$/, '251')
    expect((await world.ask(TAG, { from: neighbour })).status).toBe(503)
    expect((await world.ask(TAG, { from: 'unknown' })).status).toBe(307)
  })

  it('is over for all within three seconds of its switch, and on again when that is gone', async () => {
    await world.open(window())
    expect((await world.ask(TAG)).status).toBe(503)
    for (const text of [
      'brownout-1\n',
      '# none\n',
      'all',
      '',
      'other, brownout-1 # and more\r\n',
      '#brownout-1',
    ]) {
      world.files.set('/off', text)
      await world.pass(3000)
      expect((await world.ask(TAG)).status, text).toBe(/^(?:[^#]*brownout-1|all)/.test(text) ? 307 : 503)
    }
    expect(world.told(/stands otherwise/).map(({ state }) => state)).toEqual([
      ...['on', 'off', 'on', 'off', 'on', 'off', 'on'],
    ])
  })
})

test.each([
  ['old.example', true],
  ['OLD.example:443', true],
  ['old.example.', true],
  ['eu.old.example', true],
  ['new.example', false],
  ['xold.example', false],
  ['old.example.evil', false],
  ['', false],
])('a request for Host %j is one by the old name: %j', async (host, isOld) => {
  await world.open([{ phase: 'refuse', from: at(0) }])
  expect((await world.ask(TAG, { host })).status).toBe(isOld ? 403 : 307)
})
