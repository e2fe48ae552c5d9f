import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Issued,
  makePrivateAuthority,
  noPrivateAuthority,
  type PrivateAuthority,
} from '../../test/support/private-authority.ts'
import { makeTempFolder } from '../../test/support/temp.ts'
import type { TlsIdentity } from '../adapters/listener.ts'
import { readIdentityFiles, ServedIdentity } from './served-identity.ts'

const DAY = 24 * 3_600_000

describe.skipIf(noPrivateAuthority)('what a listener shows', () => {
  let made: AsyncDisposableStack
  let authority: PrivateAuthority
  let next: Issued
  let files: { certificate: string; key: string }
  let lines: [level: string, fields: object, message: string][]
  let shown: TlsIdentity[]
  let served: ServedIdentity
  let now: number

  beforeAll(async () => {
    authority = await makePrivateAuthority(['door.test'])
    next = await authority.issue(['next.test'])
  })
  afterAll(() => authority[Symbol.asyncDispose]())

  beforeEach(async () => {
    made = new AsyncDisposableStack()
    const folder = made.use(await makeTempFolder())
    files = { certificate: join(folder.path, 'tls.crt'), key: join(folder.path, 'tls.key') }
    await write(authority)
    ;[lines, shown, now] = [[], [], Date.now()]
    const say = (level: string) => (fields: object, message: string) =>
      void lines.push([level, fields, message])
    const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
    served = new ServedIdentity('door', await readIdentityFiles(files), { log, date: () => new Date(now) })
    served.attach({ useIdentity: (identity) => void shown.push(identity) })
  })
  afterEach(() => made.disposeAsync())

  async function write({ certificate, key }: Issued): Promise<void> {
    await writeFile(files.certificate, certificate)
    await writeFile(files.key, key)
  }
  const errors = () => lines.filter(([level]) => level === 'error')

  it('is what its files hold, and told of once', async () => {
    expect(served.identity.certificate).toBe(String(authority.certificate))
    expect(lines).toEqual([
      [
        'info',
        expect.objectContaining({ listener: 'door', subject: 'CN=door.test', names: ['DNS:door.test'] }),
        'this certificate is shown from now on',
      ],
    ])
    await served.look()
    await write(authority)
    await served.look()
    expect([lines.length, shown]).toEqual([1, []])
  })

  it('is another one once both files have changed, and nothing is told of a moment in between', async () => {
    await writeFile(files.certificate, next.certificate)
    await served.look()
    expect([shown, errors()]).toEqual([[], []])
    await writeFile(files.key, next.key)
    await served.look()
    expect(shown).toEqual([{ certificate: String(next.certificate), key: String(next.key) }])
    expect([lines.length, errors()]).toEqual([2, []])
  })

  it.each<[string, () => Promise<void>, string]>([
    [
      'do not belong together',
      () => writeFile(files.certificate, next.certificate),
      '(CN=next.test) does not belong to the key in',
    ],
    ['are gone', () => rm(files.key), 'cannot read'],
    ['are empty', () => writeFile(files.certificate, ''), 'holds no certificate'],
    ['are longer than any', () => writeFile(files.key, 'x'.repeat(2_000_000)), 'it is longer than'],
    [
      'are cut short',
      async () => writeFile(files.certificate, (await readFile(files.certificate)).subarray(0, -100)),
      'holds no certificate',
    ],
  ])('stays as long as its files %s, of which one line tells', async (_, spoil, message) => {
    await spoil()
    for (let look = 0; look < 4; look++) await served.look()
    expect(errors()).toEqual([
      [
        'error',
        { listener: 'door', faults: [expect.stringContaining(message)] },
        'the certificate was not replaced: the one in use stays',
      ],
    ])
    expect(shown).toEqual([])
    await write(next)
    await served.look()
    expect(shown).toHaveLength(1)
  })

  it('is told of when it ends soon, and when it has ended, each once', async () => {
    for (const days of [15, 17, 18, 29, 31, 32]) {
      now = Date.parse(new Date().toISOString()) + days * DAY
      await served.look()
    }
    expect(lines.slice(1).map(([level, , message]) => [level, message])).toEqual([
      ['warn', 'the certificate that is shown ends soon'],
      ['error', 'the certificate that is shown has ended'],
    ])
  })
})
