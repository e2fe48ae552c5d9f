import { beforeEach, expect, it, test } from 'vitest'
import { ALL, at, DAY, OldNameDoor, TAG } from '../../../test/support/old-name-door.ts'

let world: OldNameDoor
beforeEach(() => {
  world = new OldNameDoor()
})

it('counts by name, phase, answer and kind of client, and keeps no address', async () => {
  await world.open([{ phase: 'warn', from: at(0), cohort: { share: '50 %' } }])
  for (let client = 0; client < 40; client++)
    await world.ask(TAG, {
      from: `203.0.113.${client}`.replace('113', String(client)),
      'user-agent': 'containerd/2.2.9',
    })
  await world.ask('/v2/app/manifests/nope', { 'user-agent': 'evil{label="x"}' })
  await world.ask('/', { 'user-agent': 'Mozilla/5.0' })
  const { text } = await world.service.metrics!()
  const lines = text.split('\n').filter((line) => line.startsWith('portolan_legacy'))
  expect(
    lines.filter((line) => line.includes('_requests_total')).map((line) => line.replace(/ \d+$/, '')),
  ).toEqual(
    expect.arrayContaining([
      'portolan_legacy_requests_total{name="old.example",phase="warn-1",answer="serve",agent="containerd"}',
      'portolan_legacy_requests_total{name="old.example",phase="",answer="pass",agent="containerd"}',
      'portolan_legacy_requests_total{name="old.example",phase="",answer="page",agent="browser"}',
      'portolan_legacy_repository_requests_total{name="old.example",repository="app"}',
    ]),
  )
  expect(lines).toContain('portolan_legacy_phase{phase="warn-1",state="on"} 1')
  expect(`${text}${world.files.get('/record.json')}`).not.toMatch(/203\.0\.|198\.51\.|evil/)
  const logged = world.told(/^request$/)
  expect(logged[0]).toMatchObject({ legacy: expect.any(String) })
})

test('people who open the old name read what takes its place, and when', async () => {
  await world.open(
    ALL.map((phase) => ({ ...phase, cohort: { when: { repository: ['a<b>/**'] } } })),
    {
      info: 'https://new.example/move?a=1&b="2"',
    },
  )
  await world.pass(2 * DAY + 2000)
  const { status, headers, body } = await world.ask('/')
  const html = new TextDecoder().decode(body as Uint8Array)
  expect({ status, type: headers['Content-Type'] }).toEqual({ status: 200, type: 'text/html; charset=utf-8' })
  expect(html).toContain('<h1>old.example is now new.example</h1>')
  expect(html).toContain('<time datetime="2026-01-06T00:00:00Z">2026-01-06 00:00 UTC</time>')
  expect(html).toContain('<td data-of="for whom">repository a&#60;b&#62;/**</td>')
  expect(html.match(/<tr class="on">/g)).toHaveLength(2)
  expect(html).not.toMatch(/<script|a<b>/)
  expect((await world.ask('/', { host: 'new.example' })).status).toBe(404)
})

test('the admin service tells how the plan stands', async () => {
  await world.open(ALL)
  await world.pass(DAY + 2000)
  const reply = await world.service.admin({
    ...{ method: 'GET', target: '/legacy', peer: '127.0.0.1' },
    header: (name: string) => (name === 'host' ? '127.0.0.1' : undefined),
  })
  expect(JSON.parse(reply.body as string)).toMatchObject({
    host: 'old.example',
    list: { status: 'complete', checked: '2025-12-31T00:00:00.000Z' },
    phases: [
      { id: 'announce-1', state: 'on', began: expect.any(String) },
      { id: 'warn-1', state: 'planned' },
      { id: 'brownout-1', state: 'planned' },
      { id: 'redirect-1', state: 'planned' },
      { id: 'refuse-1', state: 'planned' },
    ],
  })
})
