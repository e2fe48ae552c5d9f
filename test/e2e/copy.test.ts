import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MANIFEST_ACCEPT } from '../../src/oci/manifest.ts'
import { runCommand } from '../support/command.ts'
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from '../support/docker-registry.ts'
import { type PushedImages, pushImages } from '../support/pushed-images.ts'
import { TARGET_REGISTRIES, type TargetRegistry } from '../support/target-registries.ts'
import { makeTempFolder } from '../support/temp.ts'

if (noDockerRegistry !== undefined) console.warn(`nothing is copied; ${noDockerRegistry}`)

describe.skipIf(noDockerRegistry !== undefined)('copy', () => {
  let source: DockerRegistry
  let pushed: PushedImages
  let references: string[]

  beforeAll(async () => {
    source = await startDockerRegistry()
    pushed = await pushImages(source.host, 'images')
    references = pushed.images
      .filter(({ tag }) => !tag.startsWith('sha256-'))
      .map(({ name, tag }) => `${source.host}/images/${name}:${tag}`)
  })
  afterAll(() => source?.[Symbol.asyncDispose]())

  const copy = async (...words: readonly string[]) => {
    const ended = await runCommand(['copy', ...words, '--json'], { folder: tmpdir() })
    return { ...ended, report: JSON.parse(ended.out) as CopyJson }
  }

  it('brings a list of images into a layout, and from there into a registry, with nothing but the layout', async () => {
    await using folder = await makeTempFolder()
    const layout = `oci:${join(folder.path, 'images')}`
    const list = join(folder.path, 'images.txt')
    const app = pushed.images.find(({ name }) => name === 'app')!
    const pinned = `${source.host}/images/app@${app.digest}`
    await writeFile(list, `# all of it\n${[...references, pinned].join('\n')}\n`)
    const out = await copy('--images', list, layout)
    expect(out.report.images.map(({ status, faults }) => [status, faults])).toEqual(
      [...references, pinned].map(() => ['copied', []]),
    )
    const again = await copy('--images', list, layout)
    expect(again.report.totals).toMatchObject({ uploaded: 0, bytes: 0 })

    await using target = await startDockerRegistry()
    const before = source.requests().length
    const back = await copy(layout, `${target.host}/gap`, '--verify')
    expect(back.report.faults, back.err).toEqual([])
    expect(back.report.images.filter(({ status }) => status !== 'copied')).toEqual([])
    expect(back.report.verification?.faults).toEqual([])
    expect(source.requests().length).toBe(before)
    for (const { name, tag, digest } of pushed.images) {
      const found = await fetch(`http://${target.host}/v2/gap/images/${name}/manifests/${tag}`, {
        headers: { Accept: MANIFEST_ACCEPT },
      })
      expect(found.headers.get('Docker-Content-Digest'), `${name}:${tag}`).toBe(digest)
    }
  })

  for (const { name, unable, start } of TARGET_REGISTRIES) {
    if (unable !== undefined) console.warn(`nothing is copied to ${name}; ${unable}`)
    describe.skipIf(unable !== undefined)(`to ${name}`, () => {
      let target: TargetRegistry
      beforeAll(async () => {
        target = await start()
      })
      afterAll(() => target?.[Symbol.asyncDispose]())

      it('brings everything as it is, with signatures and referrers', async () => {
        const { code, report, err } = await copy(...references, `${target.host}/mirror`, '--verify')
        expect(report.faults, err).toEqual([])
        expect(report.images.map(({ status, faults }) => [status, faults])).toEqual(
          references.map(() => ['copied', []]),
        )
        expect(report.verification?.faults).toEqual([])
        expect(code).toBe(0)
        for (const image of pushed.images) {
          const found = await fetch(
            `http://${target.host}/v2/mirror/images/${image.name}/manifests/${image.tag}`,
            {
              headers: { Accept: MANIFEST_ACCEPT },
            },
          )
          expect(Buffer.from(await found.arrayBuffer()), `${image.name}:${image.tag}`).toEqual(
            pushed.manifests.get(image.digest),
          )
        }
      })

      it('writes nothing when nothing is new', async () => {
        const { code, report } = await copy(...references, `${target.host}/mirror`)
        expect(report.images.map(({ status }) => status)).toEqual(references.map(() => 'there'))
        expect(report.totals).toMatchObject({ manifests: 0, uploaded: 0, bytes: 0, mounted: 0 })
        expect(code).toBe(0)
      })

      it('mounts what another repository has', async () => {
        const [app] = references.filter((reference) => reference.includes('/app:'))
        const { report } = await copy(
          ...[app!, app!.replace('/images/app', '/images/app')],
          `${target.host}/twice`,
        )
        expect(report.images.every(({ status }) => status === 'copied')).toBe(true)
      })

      it('copies one image to a name and a tag', async () => {
        const [app] = references
        const { code, report } = await copy(app!, `${target.host}/base/app:stable`, '--no-referrers')
        expect(code).toBe(0)
        expect(report.images).toMatchObject([{ target: `${target.host}/base/app:stable`, status: 'copied' }])
      })

      it('says what it cannot find, and copies the rest', async () => {
        const missing = `${source.host}/images/app:nothing`
        const { code, report } = await copy(missing, references[0]!, `${target.host}/some`)
        expect(code).toBe(1)
        expect(report.images).toMatchObject([
          { source: missing, status: 'failed', faults: [expect.stringMatching(/is not there/)] },
          { status: 'copied' },
        ])
      })
    })
  }
})

interface CopyJson {
  readonly images: readonly { source: string; target: string; status: string; faults: readonly string[] }[]
  readonly faults: readonly string[]
  readonly totals: Readonly<Record<string, number>>
  readonly verification?: { readonly faults: readonly string[] }
}
