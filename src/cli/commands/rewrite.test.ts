import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runHosted } from '../../../test/support/command-host.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'

const OLD =
  'kind: Pod\r\napiVersion: v1\r\nspec:\r\n  containers:\r\n    - image: "k8s.gcr.io/pause:3.9" # k8s.gcr.io\r\n'
/** What is said of the comment in it. */
const COMMENT = 'not understood: pod.yaml: 1 mention, the first in line 5\n'
const NEW = OLD.replace('"k8s.gcr.io', '"registry.k8s.io')

function rewrite(folder: string, ...words: string[]) {
  return runHosted(['rewrite', ...words], { folder })
}

/** A folder with these files, by their paths. */
async function folderOf(files: Readonly<Record<string, string | Buffer>>) {
  const folder = await makeTempFolder()
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder.path, path, '..'), { recursive: true })
    await writeFile(join(folder.path, path), content)
  }
  return folder
}

it('shows a diff, changes nothing, and ends with 1 while there is something to change', async () => {
  await using folder = await folderOf({ 'pod.yaml': OLD })
  const { code, out, err } = await rewrite(folder.path, '.')
  expect({ code, err }).toEqual({ code: 1, err: COMMENT })
  expect(out).toContain('--- a/pod.yaml\n+++ b/pod.yaml\n')
  expect(out).toContain(
    '-    - image: "k8s.gcr.io/pause:3.9" # k8s.gcr.io\r\n+    - image: "registry.k8s.io/pause:3.9" # k8s.gcr.io\r\n',
  )
  expect(await readFile(join(folder.path, 'pod.yaml'), 'utf8')).toBe(OLD)
})

it('writes, keeps mode and link and a backup, and finds nothing a second time; --revert brings the bytes back', async () => {
  await using folder = await folderOf({ 'real/pod.yaml': OLD })
  const [file, link] = [join(folder.path, 'real/pod.yaml'), join(folder.path, 'link.yaml')]
  await chmod(file, 0o640)
  await symlink('real/pod.yaml', link)
  expect(await rewrite(folder.path, '--write', '--in-place-backup', 'link.yaml')).toMatchObject({
    code: 0,
    err: COMMENT.replace('pod', 'link'),
  })
  expect(await readFile(file, 'utf8')).toBe(NEW)
  expect((await stat(file)).mode & 0o777).toBe(0o640)
  expect((await lstat(link)).isSymbolicLink()).toBe(true)
  expect((await readdir(join(folder.path, 'real'))).sort()).toEqual(['pod.yaml', 'pod.yaml.bak'])
  expect(await readFile(`${file}.bak`, 'utf8')).toBe(OLD)
  expect(await rewrite(folder.path, '--write', '.')).toMatchObject({ code: 0, out: '' })
  expect(await rewrite(folder.path, '--write', '--revert', '.')).toMatchObject({ code: 0 })
  expect(await readFile(file, 'utf8')).toBe(OLD)
})

it('does not write over a backup, and goes on with the other files', async () => {
  await using folder = await folderOf({ 'a.yaml': OLD, 'a.yaml.bak': 'mine', 'b.yaml': OLD })
  const { code, err } = await rewrite(folder.path, '--write', '--in-place-backup', '.')
  expect({ code, err }).toEqual({
    code: 1,
    err: expect.stringMatching(/^a\.yaml: cannot write a\.yaml: EEXIST/m),
  })
  const read = (name: string) => readFile(join(folder.path, name), 'utf8')
  expect(await Promise.all(['a.yaml', 'a.yaml.bak', 'b.yaml'].map(read))).toEqual([OLD, 'mine', NEW])
})

it('keeps bytes that are no UTF-8', async () => {
  const bytes = Buffer.concat([Buffer.from('# caf'), Buffer.from([0xe9, 0x0a]), Buffer.from(OLD)])
  await using folder = await folderOf({ 'pod.yaml': bytes })
  expect(await rewrite(folder.path, '--write', 'pod.yaml')).toMatchObject({
    code: 0,
    err: COMMENT.replace('5', '6'),
  })
  expect(await readFile(join(folder.path, 'pod.yaml'))).toEqual(
    Buffer.concat([bytes.subarray(0, 7), Buffer.from(NEW)]),
  )
})

it('names what has to be changed by hand, and ends with 1 while it is there', async () => {
  await using folder = await folderOf({ 'pod.yaml': OLD.replace('pause', '\\x70ause') })
  expect(await rewrite(folder.path, '--write', '.')).toEqual({
    code: 1,
    out: '',
    err:
      'pod.yaml:5:15: moved: k8s.gcr.io/pause:3.9 (should become registry.k8s.io/pause:3.9): ' +
      'it is written with escapes or over several lines: change it by hand\n' +
      COMMENT,
  })
})

it('takes a map, and prints what it finds as JSON', async () => {
  await using folder = await folderOf({ 'pod.yaml': OLD, 'map.yml': 'k8s.gcr.io: mirror.example/k8s\n' })
  const { code, out } = await rewrite(folder.path, '--map', 'map.yml', '--json', 'pod.yaml')
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({
    files: [
      {
        path: 'pod.yaml',
        changed: true,
        written: false,
        findings: [{ line: 5, column: 15, verdict: 'moved', replacement: 'mirror.example/k8s/pause:3.9' }],
      },
    ],
    notDone: [],
  })
})

it('writes the values that override those of a chart, and leaves the chart', async () => {
  const values = 'image: {registry: k8s.gcr.io, repository: a/b}\nextra: [{image: k8s.gcr.io/c, port: 80}]\n'
  await using folder = await folderOf({
    'web/values.yaml': values,
    'web/charts/cache/values.yaml': 'image: k8s.gcr.io/cache:1\n',
  })
  expect(await rewrite(folder.path, '--helm-override', 'override.yaml', 'web')).toMatchObject({
    code: 0,
    out: '',
  })
  expect(await readFile(join(folder.path, 'override.yaml'), 'utf8')).toBe(
    [
      'cache:',
      '  image: registry.k8s.io/cache:1',
      'image:',
      '  registry: registry.k8s.io',
      'extra:',
      '  - image: registry.k8s.io/c',
      '    port: 80',
      '',
    ].join('\n'),
  )
  expect(await readFile(join(folder.path, 'web/values.yaml'), 'utf8')).toBe(values)
})

it.each([
  [['missing.yaml'], 'cannot read missing.yaml'],
  [['--in-place-backup', '.'], '--in-place-backup needs --write: it keeps what --write writes over'],
  [['--map', 'map.yaml', '.'], 'map.yaml:1:7: what moves to "b.io" would be moved again by "b.io": "c.io"'],
])('refuses %j with 2', async (words, message) => {
  await using folder = await folderOf({ 'map.yaml': 'a.io: b.io\nb.io: c.io\n' })
  const { code, err } = await rewrite(folder.path, ...words)
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) })
})

it('has names of a kustomization follow its bases when they are among the paths, and leaves them else', async () => {
  const overlay = 'resources: [../base]\nimages:\n  - {name: k8s.gcr.io/coredns, newTag: 1.7.0}\n'
  await using folder = await folderOf({
    'base/kustomization.yaml': 'resources: [pod.yaml]\n',
    'base/pod.yaml':
      'apiVersion: v1\nkind: Pod\nspec: {containers: [{name: d, image: "k8s.gcr.io/coredns:1.3.1"}]}\n',
    'overlay/kustomization.yaml': overlay,
  })
  const alone = await rewrite(folder.path, '--write', 'overlay')
  expect(alone).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('../base is not among the paths'),
  })
  expect(await readFile(join(folder.path, 'overlay/kustomization.yaml'), 'utf8')).toBe(overlay)
  expect(await rewrite(folder.path, '--write', '.')).toMatchObject({ code: 0 })
  expect(await readFile(join(folder.path, 'overlay/kustomization.yaml'), 'utf8')).toBe(
    overlay.replace('k8s.gcr.io', 'registry.k8s.io'),
  )
})

it('changes strings of programs with --include-code only, and says so', async () => {
  const program = 'package a\n\nconst image = "k8s.gcr.io/acme/a:v1"\n'
  await using folder = await folderOf({ 'a.go': program })
  const without = await rewrite(folder.path, '--write', '.')
  expect(without).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('--include-code changes it'),
  })
  expect(await rewrite(folder.path, '--write', '--include-code', '.')).toMatchObject({ code: 0 })
  expect(await readFile(join(folder.path, 'a.go'), 'utf8')).toBe(program.replace('k8s.gcr', 'registry.k8s'))
})

it('changes what it can of a broken file, names it, and ends with 1', async () => {
  const broken = 'a: [\n---\nimage: k8s.gcr.io/acme/a:v1\n'
  await using folder = await folderOf({ 'a.yaml': broken })
  const { code, err } = await rewrite(folder.path, '--write', '.')
  expect({ code, err }).toEqual({
    code: 1,
    err: expect.stringContaining('not fully read: a.yaml:1: it is not YAML'),
  })
  expect(await readFile(join(folder.path, 'a.yaml'), 'utf8')).toBe(broken.replace('k8s.gcr', 'registry.k8s'))
})

it('leaves a file alone by name that would have a key twice', async () => {
  const text = 'mirrors:\n  k8s.gcr.io: {endpoint: ["https://a.example"]}\n  registry.k8s.io: {}\n'
  await using folder = await folderOf({ 'registries.yaml': text })
  const { code, err } = await rewrite(folder.path, '--write', '.')
  expect({ code, err }).toEqual({
    code: 1,
    err: expect.stringContaining('registries.yaml: left alone: it would have'),
  })
  expect(await readFile(join(folder.path, 'registries.yaml'), 'utf8')).toBe(text)
})
