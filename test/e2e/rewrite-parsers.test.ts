import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FIXTURES } from '../support/migrate-fixtures.ts'
import { findPrograms, run } from '../support/programs.ts'
import { makeTempFolder } from '../support/temp.ts'

// Python's own parsers read every file that rewrite changed: one that they could read before they have to read after.

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const READ = {
  toml: 'import sys, tomllib; tomllib.load(open(sys.argv[1], "rb"))',
  yaml: 'import sys, yaml; list(yaml.compose_all(open(sys.argv[1], encoding="utf-8-sig")))',
}
const python = findPrograms('python3')

async function canRead(kind: keyof typeof READ, file: string): Promise<boolean> {
  return (await run(python.found.python3!, ['-c', READ[kind], file])).code === 0
}

describe.skipIf(python.missing)('what rewrite changed', () => {
  it('is read by Python as it was before', { timeout: 180_000 }, async () => {
    await using folder = await makeTempFolder()
    await cp(FIXTURES, folder.path, {
      recursive: true,
      filter: (path) => !/\.(?:rewritten|expected\.json)$/.test(path),
    })
    const words = [MAIN, 'rewrite', '--write', '--no-ignore', '--json', folder.path]
    const { stdout } = await run(process.execPath, words, { env: { PATH: process.env.PATH } })
    const { files } = JSON.parse(stdout.toString())
    const changed: string[] = files.flatMap((file: { path: string; written: boolean }) =>
      file.written ? [file.path] : [],
    )
    expect(changed.length).toBeGreaterThan(40)
    const hasYaml = (await run(python.found.python3!, ['-c', 'import yaml'])).code === 0
    for (const path of changed) {
      const kind = /\.toml$|registries\.conf/.test(path)
        ? 'toml'
        : /\.(?:ya?ml|json)$/.test(path)
          ? 'yaml'
          : undefined
      if (kind === undefined || (kind === 'yaml' && !hasYaml)) continue
      const before = join(FIXTURES, path.slice(folder.path.length))
      if (await canRead(kind, before)) expect([path, await canRead(kind, path)]).toEqual([path, true])
    }
    expect(await readFile(changed[0]!, 'utf8')).toContain('registry.k8s.io')
  })
})
