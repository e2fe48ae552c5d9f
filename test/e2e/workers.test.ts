import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBlob, storeContent } from '../support/content.ts'
import { type MisbehavingServer, startMisbehaving } from '../support/misbehaving.ts'
import { type InstalledPackage, installPackage } from '../support/package.ts'
import { runOk } from '../support/programs.ts'
import { exchange } from '../support/raw-http.ts'
import { startWorkerd } from '../support/workerd.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BLOB = makeBlob('blob')
/** What Cloudflare takes of who does not pay, compressed, in KiB. */
const SIZE_MAX = 3 * 1024

let installed: InstalledPackage
let store: MisbehavingServer

beforeAll(async () => {
  installed = await installPackage()
  store = await startMisbehaving({ content: storeContent([BLOB]) })
  const { project, folder } = installed
  const recipe = join(folder, 'deploy/workers')
  await cp(join(recipe, 'src'), join(project, 'src'), { recursive: true })
  for (const file of ['wrangler.jsonc', 'portolan.yaml']) {
    await cp(join(recipe, file), join(project, file))
  }
}, 120_000)
afterAll(async () => {
  await store?.[Symbol.asyncDispose]()
  await installed?.[Symbol.asyncDispose]()
})

/** Runs wrangler as somebody does who has no account, and without a word to anybody. */
async function wrangler(...words: string[]): Promise<string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:CLOUDFLARE_|CF_|WRANGLER_)/.test(name))
  const stdout = await runOk(
    process.execPath,
    [join(ROOT, 'node_modules/wrangler/bin/wrangler.js'), ...words],
    {
      cwd: installed.project,
      env: {
        ...Object.fromEntries(kept),
        CI: '1',
        NO_COLOR: '1',
        WRANGLER_SEND_METRICS: 'false',
        // With it, wrangler asks npm whether it is the newest.
        WRANGLER_HIDE_BANNER: 'true',
        XDG_CONFIG_HOME: join(installed.project, '.config'),
      },
      timeout: 60_000,
    },
  )
  return stdout.toString()
}

/** The modules that wrangler would upload: the worker, and by their names the texts that it imports. */
async function uploadOf(folder: string): Promise<{ code: string; texts: Record<string, string> }> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml'))
  const texts = await Promise.all(
    names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')]),
  )
  return { code: await readFile(join(folder, 'worker.js'), 'utf8'), texts: Object.fromEntries(texts) }
}

describe('deploy/workers, copied to where the package is installed', () => {
  it('is what Cloudflare takes, and answers in workerd by the config beside it', async () => {
    const config = (await readFile(join(installed.project, 'portolan.yaml'), 'utf8'))
      .replace('https://images-paris.s3.eu-west-3.amazonaws.com', store.origin)
      .replace('https://registry.example.com', `${store.origin}/registry`)
    await writeFile(join(installed.project, 'portolan.yaml'), config)

    const said = await wrangler('deploy', '--dry-run', '--outdir', 'upload')
    expect(said).toContain('--dry-run: exiting now.')
    const [, size] = /gzip: ([0-9.]+) KiB/.exec(said) ?? []
    console.log(`the worker has ${size} KiB, compressed; ${SIZE_MAX} are allowed`)
    expect(Number(size)).toBeLessThan(SIZE_MAX)

    const { code, texts } = await uploadOf(join(installed.project, 'upload'))
    await using worker = await startWorkerd({ code, texts, kv: false, cf: { country: 'FR', asn: 16509 } })
    expect((await exchange(worker.port, { target: '/v2/' })).status).toBe(200)
    const target = `/v2/app/blobs/${BLOB.digest}`
    await expect
      .poll(async () => (await exchange(worker.port, { target })).headers.location)
      .toBe(`${store.origin}/containers/images/${BLOB.digest}`)
    const refused = await exchange(worker.port, { target: '/v2/App/manifests/1' })
    expect([refused.status, JSON.parse(refused.body).errors[0].code]).toEqual([400, 'NAME_INVALID'])
  })

  it('has what is needed with a KV namespace, a schedule and a route, too', async () => {
    const file = join(installed.project, 'wrangler.jsonc')
    const text = await readFile(file, 'utf8')
    const whole = text.replace(/^ {2}\/\/ (?="(?:routes|kv_namespaces|triggers)")/gm, '  ')
    expect(whole.match(/^ {2}"(?:routes|kv_namespaces|triggers)"/gm)?.length).toBe(3)
    await writeFile(file, whole)
    const said = await wrangler('deploy', '--dry-run')
    expect(said).toContain('env.PORTOLAN')
    expect(said).not.toMatch(/warning/i)
  })
})
