import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runHosted } from '../../../test/support/command-host.ts'
import { type Portolan, startPortolan } from '../../../test/support/portolan.ts'
import { makeTempFolder, type TempFolder } from '../../../test/support/temp.ts'
import { makeSampleImages } from '../../demo/images.ts'
import type { SampleImage } from '../../demo/sample-world.ts'

const HOUR = 3_600_000
const later = (hours: number) => new Date(Date.now() + hours * HOUR).toISOString()

const explain = (...words: string[]) => runHosted(['explain', ...words], { folder: process.cwd() })

describe('portolan explain, of an old name', () => {
  const made = new AsyncDisposableStack()
  let folder: TempFolder
  let door: Portolan
  let image: SampleImage

  const fileOf = (name: string) => join(folder.path, name)
  beforeAll(async () => {
    folder = made.use(await makeTempFolder())
    const world = await makeSampleImages(fileOf('images'))
    image = world.images.find(({ platforms }) => platforms.length > 1)!
    const zero = { repositories: 1, tags: 1, manifests: 1, blobs: 1, referrers: 0 }
    await writeFile(
      fileOf('list.json'),
      JSON.stringify({
        ...{ version: 1, host: 'old.example', listedFrom: 'x', listed: later(0), successor: 'new.example' },
        ...{ checked: later(0), counts: { ...zero, missing: 0, different: 0, unknown: 0, excepted: 0 } },
        ...{ findings: [], repositories: { [image.name]: { tags: { '1.0': image.digest } } } },
      }),
    )
    const phases = [
      { phase: 'warn', from: later(-1) },
      { phase: 'brownout', from: later(24), until: later(25), cohort: { share: '50 %' } },
      { phase: 'redirect', from: later(48) },
      { phase: 'refuse', from: later(72) },
    ]
    const legacy = {
      ...{ host: 'old.example', successor: 'new.example', frozen: '2026-01-01', phases },
      ...{ list: fileOf('list.json'), off: fileOf('off'), record: fileOf('record.json') },
    }
    door = made.use(
      await startPortolan({
        upstreams: [{ id: 'main', layout: fileOf('images'), at: 'test/main' }],
        ...{ legacy, pacing: { ledger: fileOf('ledger.json') }, log: { access: false } },
        sponsors: [{ id: 'acme', backends: 'main', budget: { amount: '1TiB', per: 'month' } }],
      }),
    )
  })
  afterAll(() => made.disposeAsync())

  const byConfig = (...words: string[]) => explain(...words, '--from', '198.51.100.7', '-c', door.configFile)

  it.each([
    ['now', later(0), `phase warn-1 (warn)`, '→ the door itself, for main (old-name)'],
    [
      'when it has been sent on',
      later(49),
      'phase redirect-1 (redirect)',
      '→ the new name (old-name): https://new.example/v2/',
    ],
    [
      'at its end',
      later(73),
      'phase refuse-1 (refuse)',
      '→ refused (old-name): old.example is closed since ',
    ],
    [
      'before',
      later(-2),
      'no phase is in force for this client',
      '→ the door itself, for main (nearest-upstream)',
    ],
  ])('says what becomes of a pull %s', async (_, at, phase, decision) => {
    const { out } = await byConfig(`old.example/${image.name}:1.0`, '--offline', '--at', at)
    expect(out).toMatch(
      new RegExp(
        `by the old name old\\.example: ${phase.replace(/[()]/g, '\\$&')}; its network drew [0-9.]+ %`,
      ),
    )
    expect(out).toContain(decision)
  })

  it('says nothing of it for the name of today', async () => {
    const { code, out } = await byConfig(`new.example/${image.name}:1.0`, '--offline')
    expect({ code, says: out.includes('old name') }).toEqual({ code: 0, says: false })
  })

  it('agrees with the door that runs, which is asked by that name', async () => {
    const words = [`old.example/${image.name}:1.0`, '--from', '198.51.100.7', '--json']
    const told = JSON.parse((await explain(...words, '--admin', `http://127.0.0.1:${door.adminPort}`)).out)
    const reckoned = JSON.parse((await explain(...words, '-c', door.configFile)).out)
    expect(told.steps[0]).toMatchObject({
      explanation: {
        oldName: { name: 'old.example', phase: { id: 'warn-1', kind: 'warn' }, treatment: 'serve' },
        decision: { kind: 'answer', reason: 'old-name' },
      },
      answer: { works: true, status: 200 },
    })
    const essence = ({
      steps,
    }: {
      steps: { what: string; explanation: { oldName: unknown; decision: unknown } }[]
    }) => steps.map(({ what, explanation: { oldName, decision } }) => ({ what, oldName, decision }))
    expect(essence(reckoned)).toEqual(essence(told))
  })

  it('leaves what the door keeps on disk as it is', async () => {
    const kept = () =>
      Promise.all(['record.json', 'ledger.json'].map((name) => readFile(fileOf(name), 'utf8')))
    const before = await kept()
    await byConfig(`old.example/${image.name}:1.0`, '--at', later(73))
    // What an explanation begins is ended without anybody waiting for it.
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await kept()).toEqual(before)
  })

  it.each([
    ['tomorrow', 'must be a moment with its time zone'],
    ['2027-01-11T09:00:00', 'must be a moment with its time zone'],
    ['2027-13-11T09:00:00Z', 'must be a moment with its time zone'],
  ])('refuses --at %j', async (at, message) => {
    expect(await byConfig('app:1', '--at', at)).toMatchObject({
      code: 2,
      err: expect.stringContaining(message),
    })
  })
})
