import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BundledPackage } from './licences.ts'

/** The packages under `node_modules` to which modules belong, by the modules' absolute paths. */
export function packagesOf(modules: Iterable<string>, root: string): BundledPackage[] {
  const folders = new Set<string>()
  for (const id of modules) {
    const folder = packageFolder(id)
    if (folder !== undefined) folders.add(folder)
  }
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock
  return [...folders].map((folder) => ({
    ...readPackage(folder, root),
    integrity: packages[lockedPath(folder, packages)]?.integrity,
  }))
}

/** The folder of the package that a module belongs to; `undefined` of our own. */
export function packageFolder(module: string): string | undefined {
  return /^\0?(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)/.exec(module)?.[1]
}

/** What package-lock.json says of what is installed in each folder. */
interface Lock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string }>>
}

/** The folder as package-lock.json names it, from some `node_modules` on; that may lie in another place than the root. */
function lockedPath(folder: string, packages: Lock['packages']): string {
  const path = folder.replaceAll('\\', '/')
  const starts = [...path.matchAll(/node_modules\//g)].map(({ index }) => path.slice(index))
  return starts.find((start) => start in packages) ?? ''
}

function readPackage(folder: string, root: string): Omit<BundledPackage, 'integrity'> {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const texts = readdirSync(folder)
    .filter((file) => /^(?:(?:un)?licen[cs]e|copying|notice)\b/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim())
  return {
    name,
    version,
    licence: typeof license === 'string' ? license : undefined,
    text: texts.length > 0 ? texts.join('\n\n') : standardText(license, author?.name ?? author, root),
  }
}

/** For a package that states its licence and comes without the text: the text as it stands for everybody. */
function standardText(licence: unknown, author: unknown, root: string): string {
  if (licence === 'Apache-2.0') return readFileSync(join(root, 'LICENSE'), 'utf8')
  return licence === 'MIT' && typeof author === 'string' ? `Copyright (c) ${author}\n\n${MIT}` : ''
}

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`
