import { lockedOf } from '../build/bun-runtime.ts'
import type { BundledPackage } from '../build/licences.ts'
import type { Target } from '../build/targets.ts'

/**
 * What the project says of Bun's licence (bun.com/docs/project/licensing), since its npm packages come without a text.
 * LGPL-2.1, section 6: whoever has an executable may put another JavaScriptCore into it.
 */
const TEXT = `Bun is under the MIT licence, Copyright (c) Oven. It is linked statically with JavaScriptCore and other parts of WebKit,
and with tinycc, which are under the GNU Lesser General Public License, version 2 and 2.1, and with libraries under
permissive licences, which https://bun.com/docs/project/licensing lists with their texts. The source of Bun, and how it is
built with a changed JavaScriptCore, is at https://github.com/oven-sh/bun, that of its JavaScriptCore at
https://github.com/oven-sh/WebKit. An executable of Portolan is made again with such a Bun by
"bun build --compile --compile-executable-path=BUN", of the files of the package of the same version.`

/** The runtimes that executables have inside, as packages of a bill of materials. */
export function runtimesOf(targets: readonly Target[], root: string): BundledPackage[] {
  return targets.map(({ runtime }) => {
    const { version, integrity } = lockedOf(runtime, root)
    return { name: runtime, version, integrity, licence: 'MIT', text: TEXT }
  })
}
