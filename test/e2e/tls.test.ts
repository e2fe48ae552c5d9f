import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSampleImages } from '../../src/demo/images.ts'
import type { SampleWorld } from '../../src/demo/sample-world.ts'
import { type Portolan, startPortolan } from '../support/portolan.ts'
import {
  makePrivateAuthority,
  noPrivateAuthority,
  type PrivateAuthority,
} from '../support/private-authority.ts'
import { findPrograms, run, runOk } from '../support/programs.ts'
import { makeTempFolder } from '../support/temp.ts'

const { found, missing } = findPrograms('curl', 'skopeo')
const unable = missing ?? noPrivateAuthority
if (unable !== undefined) console.warn(`pulls over TLS are skipped; ${unable}`)
const crane = findPrograms('crane')
if (crane.missing !== undefined) console.warn(`crane pulls nothing over TLS; ${crane.missing}`)

describe.skipIf(unable !== undefined).each(['node', 'bun'] as const)(
  'over TLS, from a door on %s',
  (runtime) => {
    let made: AsyncDisposableStack
    let authority: PrivateAuthority
    let images: SampleWorld
    let folder: string
    /** Shows its certificate, and asks for none. */
    let open: Portolan
    /** Asks clients for one. */
    let closed: Portolan
    let client: { cert: string; key: string }

    beforeAll(async () => {
      made = new AsyncDisposableStack()
      authority = made.use(await makePrivateAuthority(['127.0.0.1']))
      folder = made.use(await makeTempFolder()).path
      images = await makeSampleImages(join(folder, 'images'))
      const write = async (name: string, text: Buffer) => {
        await writeFile(join(folder, name), text)
        return join(folder, name)
      }
      const tls = {
        certificate: await write('tls.crt', authority.certificate),
        key: await write('tls.key', authority.key),
      }
      const issued = await authority.issue(['client'])
      client = {
        cert: await write('client.cert', issued.certificate),
        key: await write('client.key', issued.key),
      }
      const upstreams = [{ id: 'here', layout: images.folder, at: 'my-cloud/berlin' }]
      open = made.use(await startPortolan({ upstreams, tls }, runtime))
      closed = made.use(
        await startPortolan({ upstreams, tls: { ...tls, clientCA: authority.file } }, runtime),
      )
    }, 60_000)
    afterAll(() => made.disposeAsync())

    /** As a folder of skopeo's and podman's: what is trusted, and who comes. */
    async function certificateFolder(isClient: boolean): Promise<string> {
      const path = join(folder, isClient ? 'certs-client' : 'certs')
      await mkdir(path, { recursive: true })
      await writeFile(join(path, 'ca.crt'), authority.issuer)
      if (isClient) await runOk('/bin/cp', [client.cert, client.key, path])
      return path
    }

    const curl = (port: number, ...words: string[]) =>
      run(found.curl, ['-sS', '--max-time', '20', ...words, `https://127.0.0.1:${port}/v2/`])

    async function skopeo(door: Portolan, isClient: boolean) {
      const { name, tags } = images.images[0]!
      return run(found.skopeo, [
        ...['copy', '--quiet', '--src-cert-dir', await certificateFolder(isClient)],
        `docker://127.0.0.1:${door.port}/${name}:${tags[0]}`,
        `oci:${join(folder, `pulled-${door.port}-${isClient}`)}:${tags[0]}`,
      ])
    }

    it('curl is answered where it trusts the authority, by HTTP/1.1, and not where it does not', async () => {
      const words = ['--cacert', authority.file, '-w', ' %{http_version}']
      expect(await curl(open.port, ...words)).toMatchObject({ code: 0, stdout: Buffer.from('{} 1.1') })
      expect(await curl(open.port)).toMatchObject({ code: 60 })
      expect(await curl(open.port, ...words, '--tls-max', '1.1')).toMatchObject({ code: 35 })
    })

    it('skopeo pulls', async () => {
      expect(await skopeo(open, false)).toMatchObject({ code: 0 })
    })

    it.skipIf(crane.missing !== undefined)('crane pulls', async () => {
      const { name, tags } = images.images[0]!
      const image = `127.0.0.1:${open.port}/${name}:${tags[0]}`
      const env = { ...process.env, SSL_CERT_FILE: authority.file }
      expect(await run(crane.found.crane, ['validate', '--remote', image], { env })).toMatchObject({
        code: 0,
      })
    })

    it('curl and skopeo get in with a certificate, and not without', async () => {
      const trusting = ['--cacert', authority.file]
      const coming = [...trusting, '--cert', client.cert, '--key', client.key]
      expect(await curl(closed.port, ...coming)).toMatchObject({ code: 0, stdout: Buffer.from('{}') })
      expect((await curl(closed.port, ...trusting)).code).not.toBe(0)
      expect(await skopeo(closed, true)).toMatchObject({ code: 0 })
      expect((await skopeo(closed, false)).code).not.toBe(0)
    })
  },
)
