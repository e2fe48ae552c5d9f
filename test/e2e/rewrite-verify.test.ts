import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { noDockerRegistry, startDockerRegistry } from '../support/docker-registry.ts'
import { run } from '../support/programs.ts'
import { digestOf } from '../support/pushed-images.ts'
import { makeTempFolder } from '../support/temp.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

if (noDockerRegistry !== undefined) console.warn(`skipped: rewrite --verify against ${noDockerRegistry}`)

describe.skipIf(noDockerRegistry !== undefined)('rewrite --verify, between two registries', () => {
  it('changes what is the same, pins it, and refuses what is missing or something else', async () => {
    await using old = await startDockerRegistry()
    await using young = await startDockerRegistry()
    const same = await push(old.host, 'a/same', 'same')
    await push(young.host, 'k8s/a/same', 'same')
    await push(old.host, 'a/other', 'one')
    await push(young.host, 'k8s/a/other', 'another')
    await push(old.host, 'a/missing', 'here')
    await using folder = await makeTempFolder()
    const names = ['same:1.0', `same@${same}`, 'other:1.0', 'missing:1.0', 'missing']
    const pod = (hosts: readonly string[]) =>
      `kind: Pod\napiVersion: v1\nspec:\n  containers:\n${names
        .map((name, index) => `    - image: ${hosts[index]}/a/${name}\n`)
        .join('')}`
    const [file, map] = [join(folder.path, 'pod.yaml'), join(folder.path, 'map')]
    await writeFile(file, pod(names.map(() => old.host)))
    await writeFile(map, `"${old.host}": "${young.host}/k8s"\n`)
    const rewrite = async (...words: string[]) => {
      const env = { PATH: process.env.PATH, HOME: folder.path }
      const all = [MAIN, 'rewrite', '--map', map, ...words, file]
      const { code, stderr } = await run(process.execPath, all, { env })
      return { code, err: stderr }
    }

    const { code, err } = await rewrite('--write', '--verify')
    expect(code).toBe(1)
    const moved = `${young.host}/k8s`
    expect(await readFile(file, 'utf8')).toBe(pod([moved, moved, old.host, old.host, old.host]))
    expect(err).toMatch(/:7:14: .*: left as it is: .*a\/other:1\.0 is sha256:\w+, and .* is sha256:\w+\n/)
    expect(err).toMatch(/:8:14: .*: left as it is: there is no .*\/k8s\/a\/missing:1\.0\n/)
    expect(err).toMatch(/:9:14: .*: left as it is: there is no .*\/k8s\/a\/missing\n/)

    await writeFile(file, pod(names.map(() => old.host)))
    expect((await rewrite('--write', '--pin')).code).toBe(1)
    expect(await readFile(file, 'utf8')).toContain(`image: ${moved}/a/same:1.0@${same}\n`)
  })

  it('ends with 3 and changes nothing when a registry gives no answer', async () => {
    await using old = await startDockerRegistry()
    await push(old.host, 'a', 'a')
    await using folder = await makeTempFolder()
    const [file, map] = [join(folder.path, 'values.yaml'), join(folder.path, 'map')]
    const text = `image: ${old.host}/a:1.0\n`
    await writeFile(file, text)
    // Nobody listens at port 1.
    await writeFile(map, `"${old.host}": "127.0.0.1:1/k8s"\n`)
    const env = { PATH: process.env.PATH, HOME: folder.path }
    const words = [MAIN, 'rewrite', '--map', map, '--write', '--verify', file]
    const { code, stderr } = await run(process.execPath, words, { env })
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining('127.0.0.1:1 gives no answer'),
    })
    expect(await readFile(file, 'utf8')).toBe(text)
  })
})

/** Pushes an image of nothing but this text, as 1.0; gives its digest. */
async function push(host: string, name: string, text: string): Promise<string> {
  const config = Buffer.from(JSON.stringify({ text }))
  const blob = { mediaType: CONFIG, digest: digestOf(config), size: config.length }
  const begun = await fetch(`http://${host}/v2/${name}/blobs/uploads/`, { method: 'POST' })
  const upload = new URL(begun.headers.get('Location')!, `http://${host}`)
  upload.searchParams.set('digest', blob.digest)
  expect((await fetch(upload, { method: 'PUT', body: config })).status).toBe(201)
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: blob, layers: [] })
  const put = await fetch(`http://${host}/v2/${name}/manifests/1.0`, {
    method: 'PUT',
    headers: { 'Content-Type': MANIFEST },
    body: manifest,
  })
  expect(put.status).toBe(201)
  return digestOf(Buffer.from(manifest))
}
