import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ignore from 'ignore'
import { type TarFile, writeTar } from '../../src/demo/tar.ts'

/**
 * A Helm chart's folder as the archive that `helm package` would make of it, without Helm, always the same bytes:
 * without what `.helmignore` names. `undefined` when the folder has no chart.
 */
export function packChart(folder: string, name: string, time: number): Buffer | undefined {
  if (!existsSync(join(folder, 'Chart.yaml'))) return undefined
  const rules = ignore()
  const ignored = join(folder, '.helmignore')
  if (existsSync(ignored)) rules.add(readFileSync(ignored, 'utf8'))
  const files: TarFile[] = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((path) => !rules.ignores(path))
    .sort()
    .map((path) => ({ path: `${name}/${path}`, bytes: readFileSync(join(folder, path)) }))
  return writeTar(files, time)
}
