import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { run } from '../../test/support/programs.ts'

const SRC = join(import.meta.dirname, '..')

/** What a file imports when it is loaded: types and what is imported on use do not count. */
async function loaded(path: string, seen: Set<string>): Promise<Set<string>> {
  if (seen.has(path)) return seen
  seen.add(path)
  const text = await readFile(path, 'utf8')
  for (const [, clause, module] of text.matchAll(/^(?:import|export) ([^'"]*?)from '([^']+)'/gm)) {
    if (clause!.startsWith('type ')) continue
    if (module!.startsWith('.') && module!.endsWith('.ts')) await loaded(join(path, '..', module!), seen)
    else seen.add(module!)
  }
  return seen
}

it('the help and the specs load no work: neither the service, nor stores, nor the cluster client, nor the log', async () => {
  const modules = [...(await loaded(join(SRC, 'cli/program.ts'), new Set()))]
  const packages = modules.filter((module) => !module.startsWith('/') && !module.startsWith('.'))
  expect(packages).toEqual(['commander'])
  const rooms = new Set(
    modules
      .filter((module) => module.startsWith(SRC))
      .map((path) => path.slice(SRC.length + 1).split('/')[0]),
  )
  expect([...rooms].sort()).toEqual(['cli', 'config', 'endpoints', 'errors.ts', 'net', 'oci', 'simulate'])
  const { code } = await run(process.execPath, [join(SRC, 'cli/main.ts'), '--help'])
  expect(code).toBe(0)
})

it('a copy from registry to registry loads what speaks to registries: no config, no files and stores, no old names', async () => {
  const modules = [...(await loaded(join(SRC, 'cli/commands/copy.ts'), new Set()))]
  const packages = modules.filter((module) => !/^[/.]|^node:/.test(module))
  expect(packages).toEqual(['zod'])
  const rooms = modules.filter((module) => /\/src\/(?:bundle|cache|migrate|storage\/fs)\//.test(module))
  expect(rooms).toEqual([])
})
