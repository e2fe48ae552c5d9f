import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { makePrivateAuthority, noPrivateAuthority } from '../../test/support/private-authority.ts'
import { makeTempFolder } from '../../test/support/temp.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { loadConfig } from '../config/load.ts'
import { ServedIdentities } from './served-identities.ts'

const configOf = (parts: object) =>
  loadConfig({ version: 1, upstreams: [{ id: 'a', url: 'https://a.example', at: 'dc/x' }], ...parts })

it('refuses files that are no good, and says of which listener they are', async () => {
  await using folder = await makeTempFolder()
  const noise = join(folder.path, 'noise.pem')
  await writeFile(noise, 'noise')
  const open = (parts: object) => ServedIdentities.open(configOf(parts), createTestRuntime())
  const files = { certificate: noise, key: noise }
  await expect(open({ tls: files })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: `tls: ${noise} holds no certificate; expected PEM, -----BEGIN CERTIFICATE-----`,
  })
  await expect(open({ adminTls: { ...files, key: folder.path } })).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: `adminTls: cannot read ${folder.path}: it is not a regular file`,
  })
  await writeFile(noise, Buffer.from([0x30, 0x82, 0x01, 0xff]))
  await expect(open({ tls: files })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: `tls: ${noise} is no text; expected PEM, neither DER nor PKCS #12`,
  })
  await expect(open({ admin: 'off', adminTls: files })).resolves.toBeDefined()
})

it.skipIf(noPrivateAuthority)('changes one listener and not the other', async () => {
  await using folder = await makeTempFolder()
  await using authority = await makePrivateAuthority(['door.test'])
  const file = async (name: string, text: Buffer) => {
    await writeFile(join(folder.path, name), text)
    return join(folder.path, name)
  }
  const tls = {
    certificate: await file('tls.crt', authority.certificate),
    key: await file('tls.key', authority.key),
  }
  const next = await authority.issue(['admin.test'])
  const adminTls = {
    certificate: await file('admin.crt', next.certificate),
    key: await file('admin.key', next.key),
  }
  const identities = await ServedIdentities.open(configOf({ tls, adminTls: tls }), createTestRuntime())
  const shown: string[] = []
  const stop = identities.follow({
    door: { useIdentity: () => void shown.push('door') },
    admin: { useIdentity: () => void shown.push('admin') },
  })
  stop()
  ;(await identities.prepare(configOf({ tls, adminTls })))()
  expect(shown).toEqual(['admin'])
  expect(identities.of('admin')).toEqual({ certificate: String(next.certificate), key: String(next.key) })
  expect(identities.of('door')).toEqual({
    certificate: String(authority.certificate),
    key: String(authority.key),
  })
  expect([...identities.expiries()].map(([name]) => name)).toEqual(['door', 'admin'])
})

it.skipIf(noPrivateAuthority)('takes another config whose files were about to change', async () => {
  await using folder = await makeTempFolder()
  await using authority = await makePrivateAuthority(['door.test'])
  const next = await authority.issue(['door.test'])
  const tls = { certificate: join(folder.path, 'tls.crt'), key: join(folder.path, 'tls.key') }
  await writeFile(tls.certificate, authority.certificate)
  await writeFile(tls.key, authority.key)
  const waits: (() => void)[] = []
  const identities = await ServedIdentities.open(configOf({ tls }), {
    ...createTestRuntime(),
    after: (_, work) => {
      waits.push(work)
      return () => {}
    },
  })
  const prepareAgain = async () => {
    const prepared = identities.prepare(configOf({ tls, debug: true }))
    prepared.catch(() => {})
    await vi.waitUntil(() => waits.length > 0)
    return { prepared, look: waits.shift()! }
  }

  await writeFile(tls.certificate, next.certificate)
  const refused = await prepareAgain()
  refused.look()
  await expect(refused.prepared).rejects.toThrow('does not belong to the key')
  const taken = await prepareAgain()
  await writeFile(tls.key, next.key)
  taken.look()
  ;(await taken.prepared)()
  expect(identities.of('door')).toMatchObject({ certificate: String(next.certificate) })
})
