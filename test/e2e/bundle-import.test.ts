import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseReceipt } from '../../src/bundle/form.ts'
import { makeSampleImages } from '../../src/demo/images.ts'
import { MANIFEST_ACCEPT } from '../../src/oci/manifest.ts'
import { runCommand, startCommand } from '../support/command.ts'
import { type InstalledContainerd, installedContainerds, startContainerd } from '../support/containerd.ts'
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from '../support/docker-registry.ts'
import { findFreePort } from '../support/ports.ts'
import { findProgram, findPrograms, run, runOk } from '../support/programs.ts'
import { digestOf, type PushedImages, pushImages } from '../support/pushed-images.ts'
import { TARGET_REGISTRIES } from '../support/target-registries.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

if (noDockerRegistry !== undefined) console.warn(`no bundle is imported; ${noDockerRegistry}`)

const { found, missing } = findPrograms('cosign', 'crane', 'ip')
const noNamespace = missing ?? (await whyNoNamespace())
if (noNamespace !== undefined) console.warn(`no bundle is imported without a network; ${noNamespace}`)

const containerds = await installedContainerds()
const noNode =
  noNamespace ??
  (containerds.length === 0 ? 'not on this machine: containerd' : findPrograms('crictl').missing)
if (noNode !== undefined) console.warn(`no node pulls where no network goes; ${noNode}`)

/** Of an import; `KILLS=50` for as many as the release is tried with. */
const KILLS = Number(process.env.KILLS ?? 4)

describe.skipIf(noDockerRegistry !== undefined)('bundle import', () => {
  let source: DockerRegistry
  let pushed: PushedImages
  let folder: TempFolder
  let output: string
  let parts: string
  /** Of the source, when everything was exported: nothing may ask it after that. */
  let asked: number

  const portolan = (...words: readonly string[]) => runCommand(words, { folder: tmpdir() })

  beforeAll(async () => {
    source = await startDockerRegistry()
    pushed = await pushImages(source.host, 'images')
    folder = await makeTempFolder()
    await signOne()
    const references = pushed.images
      .filter(({ tag }) => !tag.startsWith('sha256-'))
      .map(({ name, tag }) => `${source.host}/images/${name}:${tag}`)
    ;[output, parts] = [join(folder.path, 'bundle'), join(folder.path, 'parts')]
    for (const words of [
      ['--output', output],
      ['--output', parts, '--part-size', '32MiB-1'],
    ]) {
      const { code, err } = await portolan('bundle', 'export', ...references, ...words)
      expect(code, err).toBe(0)
    }
    asked = source.requests().length
  })
  afterAll(async () => {
    await source?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  /** With a key whose other half verifies it where no network goes. */
  async function signOne(): Promise<void> {
    if (missing !== undefined) return
    const env = { PATH: process.env.PATH, HOME: folder.path, COSIGN_PASSWORD: '' }
    const how = ['--tlog-upload=false', '--allow-http-registry', '--yes', '--key', 'cosign.key']
    for (const words of [
      ['generate-key-pair'],
      ['sign', ...how, `${source.host}/images/old@${signed().digest}`],
    ]) {
      const { code, stderr } = await run(found.cosign, words, { cwd: folder.path, env })
      if (code !== 0) throw new Error(`cosign ${words.join(' ')} ended with ${code}:\n${stderr}`)
    }
  }
  const signed = () => pushed.images.find(({ name }) => name === 'old')!

  async function expectAll(host: string, prefix: string): Promise<void> {
    for (const { name, tag, digest } of pushed.images) {
      for (const reference of [tag, digest]) {
        const answer = await fetch(`http://${host}/v2/${prefix}/${name}/manifests/${reference}`, {
          headers: { Accept: MANIFEST_ACCEPT },
        })
        const bytes = Buffer.from(await answer.arrayBuffer())
        expect(digestOf(bytes), `${name} ${reference}`).toBe(digest)
      }
    }
  }

  it('finds nothing wrong with what was exported', async () => {
    for (const each of [output, parts]) {
      const { code, out, err } = await portolan('bundle', 'verify', each)
      expect([code, out.split('\n').filter((line) => line.startsWith('wrong'))], err).toEqual([0, []])
    }
  })

  for (const { name, unable, start } of TARGET_REGISTRIES) {
    if (unable !== undefined) console.warn(`no bundle is imported to ${name}; ${unable}`)
    it.skipIf(unable !== undefined)(`brings everything to ${name}, and asks nobody else`, async () => {
      await using target = await start()
      const receipt = join(folder.path, `${name.replace(/\W/g, '')}.json`)
      const words = ['bundle', 'import', parts, '--to', `${target.host}/gap`, '--receipt', receipt, '--json']
      const { code, err, out } = await portolan(...words)
      expect(code, `${err}${out}`).toBe(0)
      await expectAll(target.host, 'gap/images')
      const { contents } = parseReceipt(await readFile(receipt))
      expect(contents).toEqual(expect.arrayContaining([...pushed.manifests.keys(), ...pushed.blobs.keys()]))
      const again = JSON.parse((await portolan(...words)).out) as ImportJson
      expect(again.images.filter(({ status }) => status !== 'there')).toEqual([])
      expect(again.totals).toMatchObject({ manifests: 0, uploaded: 0, mounted: 0, bytes: 0 })
      expect(source.requests().length).toBe(asked)
    })
  }

  it('imports parts through a pipe', async () => {
    await using target = await startDockerRegistry()
    const names = (await readdir(parts)).sort()
    const { code, err } = await runPiped(
      names.map((each) => join(parts, each)),
      target.host,
    )
    expect(code, err).toBe(0)
    await expectAll(target.host, 'gap/images')
  })

  async function runPiped(files: readonly string[], host: string) {
    const bytes = Buffer.concat(await Promise.all(files.map((file) => readFile(file))))
    return runCommand(['bundle', 'import', '-', '--to', `${host}/gap`], { folder: tmpdir(), input: bytes })
  }

  it('ends whole after it was killed again and again, and leaves no notes behind', async () => {
    await using target = await startDockerRegistry()
    const receipt = join(folder.path, 'killed.json')
    const words = ['bundle', 'import', parts, '--to', `${target.host}/gap`, '--receipt', receipt, '--json']
    for (let kill = 0; kill < KILLS; kill++) {
      const { process: child, ended } = startCommand(words, { folder: tmpdir() })
      // Over the whole of a run, from its beginning to its end.
      await new Promise((resolve) => setTimeout(resolve, 300 + ((kill * 377) % 1500)))
      child.kill('SIGKILL')
      await ended
    }
    const { code, err, out } = await portolan(...words)
    expect(code, `${err}${out}`).toBe(0)
    await expectAll(target.host, 'gap/images')
    const { contents } = parseReceipt(await readFile(receipt))
    expect(contents).toEqual(expect.arrayContaining([...pushed.manifests.keys(), ...pushed.blobs.keys()]))
    const names = await readdir(folder.path)
    expect(names.filter((name) => name.endsWith('.uploads'))).toEqual([])
  })

  it('brings what is new since a receipt, and nothing else', async () => {
    await using target = await startDockerRegistry()
    const [receipt, first, delta] = ['since.json', 'first', 'delta'].map((name) => join(folder.path, name))
    const app = `${source.host}/images/app:${pushed.images.find(({ name }) => name === 'app')!.tag}`
    const to = ['--to', `${target.host}/gap`]
    const all = pushed.images.filter(({ tag }) => !tag.startsWith('sha256-'))
    const references = all.map(({ name, tag }) => `${source.host}/images/${name}:${tag}`)
    await portolan('bundle', 'export', app, '--output', first!)
    expect((await portolan('bundle', 'import', first!, ...to, '--receipt', receipt!)).code).toBe(0)
    await portolan('bundle', 'export', ...references, '--output', delta!, '--since', receipt!)
    const { code, err, out } = await portolan('bundle', 'import', delta!, ...to, '--json')
    expect(code, `${err}${out}`).toBe(0)
    await expectAll(target.host, 'gap/images')
    await using empty = await startDockerRegistry()
    const lost = await portolan('bundle', 'import', delta!, '--to', `${empty.host}/gap`, '--json')
    expect(lost.code).toBe(1)
    const known = parseReceipt(await readFile(receipt!)).contents
    expect((JSON.parse(lost.out) as ImportJson).lost.map(({ digest }) => digest).sort()).toEqual([...known])
    asked = source.requests().length
  })

  it('is a registry of what is in it', async () => {
    const port = await findFreePort()
    const listen = ['--listen', `127.0.0.1:${port}`]
    await using _ = startCommand(['bundle', 'serve', parts, ...listen], { folder: tmpdir() })
    await until('the bundle to be served', () =>
      fetch(`http://127.0.0.1:${port}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    await expectAll(`127.0.0.1:${port}`, 'images')
    const crane = findProgram('crane')
    if (crane === undefined) return
    const image = `127.0.0.1:${port}/images/old:${signed().tag}`
    await runOk(crane, ['validate', '--remote', image, '--fast'])
    const archive = join(folder.path, 'image.tar')
    await runOk(crane, ['pull', '--format=oci', image, archive])
  })

  it.skipIf(noNamespace !== undefined)('imports and verifies signatures where no network goes', async () => {
    await using gap = await openGap()
    const { inside } = gap
    const to = ['--to', '127.0.0.1:5000/gap']
    const { code, err, out } = await runCommand(['bundle', 'import', output, ...to], {
      folder: tmpdir(),
      under: inside,
    })
    expect(code, `${err}${out}`).toBe(0)
    for (const { name: image, tag, digest } of pushed.images) {
      const reference = `127.0.0.1:5000/gap/images/${image}`
      for (const each of [`${reference}:${tag}`, `${reference}@${digest}`]) {
        const { stdout } = await run(found.ip, [...inside.slice(1), found.crane, 'digest', each])
        expect(stdout.toString().trim(), each).toBe(digest)
      }
    }
    const verify = ['verify', '--key', join(folder.path, 'cosign.pub'), '--insecure-ignore-tlog']
    const image = `127.0.0.1:5000/gap/images/old@${signed().digest}`
    const ran = await run(found.ip, [
      ...[...inside.slice(1), found.cosign, ...verify, '--allow-http-registry', image],
    ])
    expect(ran.code, ran.stderr).toBe(0)
    expect(source.requests().length).toBe(asked)
  })

  it.skipIf(noNode !== undefined).each(containerds)(
    'containerd $version.version pulls by CRI, as a kubelet does, what was imported where no network goes',
    async (installed) => {
      await using own = await makeTempFolder()
      const file = (name: string) => join(own.path, name)
      await makeSampleImages(file('sample'))
      const exported = await portolan('bundle', 'export', `oci:${file('sample')}`, '--output', file('bundle'))
      expect(exported.code, exported.err).toBe(0)
      await using gap = await openGap()
      const imported = await runCommand(['bundle', 'import', file('bundle'), '--to', '127.0.0.1:5000/gap'], {
        folder: tmpdir(),
        under: gap.inside,
      })
      expect(imported.code, imported.err).toBe(0)
      const config = await configureNode(installed, own.path, { localhost: '127.0.0.1:5000/gap' })
      await using node = await startContainerd(installed, { folder: own.path, config, under: gap.inside })
      const { images } = JSON.parse((await portolan('bundle', 'verify', file('bundle'), '--json')).out) as {
        images: readonly { name: string; digest: string }[]
      }
      for (const { name, digest } of images.filter(({ name }) => !name.includes(':sha256-'))) {
        for (const each of [name, `${name.replace(/:[^:/]+$/, '')}@${digest}`]) {
          const { code, stdout, stderr } = await node.pull(each)
          expect(code, `${each}: ${stderr}${node.log.slice(-2000)}`).toBe(0)
          expect(stdout.toString()).toMatch(/sha256:[0-9a-f]{64}/)
        }
      }
      // What is not there is asked for nowhere else.
      expect((await node.pull('localhost/demo/absent:1.0')).code).not.toBe(0)
    },
    180_000,
  )

  /** Writes the settings that we print for these names; gives the file of the config. */
  async function configureNode(
    { version }: InstalledContainerd,
    folder: string,
    map: Readonly<Record<string, string>>,
  ): Promise<string> {
    await writeFile(join(folder, 'map.yaml'), JSON.stringify(map))
    const printed = await portolan(
      ...['node-config', '--for', 'containerd', '--tool-version', version.version, '--no-fallback', '--json'],
      ...['--map', join(folder, 'map.yaml')],
    )
    expect(printed.code, printed.err).toBe(0)
    const { settings } = JSON.parse(printed.out) as { settings: readonly { file: string; content: string }[] }
    const architecture = process.arch === 'x64' ? 'amd64' : process.arch
    const plugin = version.major < 2 ? 'io.containerd.grpc.v1.cri' : 'io.containerd.cri.v1.images'
    // Of the test alone: no overlays in a container, and a registry without TLS.
    const native =
      version.major < 2
        ? `[plugins."${plugin}".containerd]\n  snapshotter = "native"\n`
        : `[plugins."${plugin}"]\n  snapshotter = "native"\n[[plugins."io.containerd.transfer.v1.local".unpack_config]]\n  platform = "linux/${architecture}"\n  snapshotter = "native"\n`
    for (const { file, content } of settings) {
      const own = join(folder, file)
      await mkdir(dirname(own), { recursive: true })
      const here = content
        .replaceAll('/etc/containerd', join(folder, 'etc/containerd'))
        .replaceAll('https://', 'http://')
      await writeFile(own, file.endsWith('config.toml') ? `${here}${native}` : here)
    }
    return join(folder, 'etc/containerd/config.toml')
  }
})

/** A network that leads nowhere, with a registry in it at 127.0.0.1:5000. */
async function openGap(): Promise<AsyncDisposable & { readonly inside: readonly string[] }> {
  const name = `portolan-${process.pid}`
  await runOk(found.ip, ['netns', 'add', name])
  const [ip, ...words] = [found.ip, 'netns', 'exec', name] as [string, ...string[]]
  await runOk(ip, [...words, found.ip, 'link', 'set', 'lo', 'up'])
  const registry = spawn(ip, [...words, found.crane, 'registry', 'serve', '--address', '127.0.0.1:5000'], {
    stdio: 'ignore',
  })
  const ask = [...words, found.crane, 'catalog', '127.0.0.1:5000']
  await until('the registry inside to answer', async () => (await run(ip, ask)).code === 0)
  return {
    inside: [ip, ...words],
    async [Symbol.asyncDispose]() {
      registry.kill('SIGKILL')
      await once(registry, 'exit')
      await runOk(found.ip, ['netns', 'delete', name])
    },
  }
}

/** Making one needs rights that not everybody has. */
async function whyNoNamespace(): Promise<string | undefined> {
  const name = `portolan-try-${process.pid}`
  const { code, stderr } = await run(found.ip, ['netns', 'add', name])
  if (code !== 0) return `no network namespace can be made: ${stderr.trim()}`
  await runOk(found.ip, ['netns', 'delete', name])
  return undefined
}

interface ImportJson {
  readonly images: readonly { readonly status: string }[]
  readonly totals: Readonly<Record<string, number>>
  readonly lost: readonly { readonly digest: string }[]
}
