import { fileURLToPath } from 'node:url'

/** What Bun says of itself, as far as it is asked for here; its types are none of the project's dependencies. */
interface Bun {
  readonly isStandaloneExecutable?: boolean
}

/** The program and the first words that start one like this. */
export interface OwnProgram {
  readonly command: string
  readonly words: readonly string[]
}

/** The first word of a process that this program starts to do a part of its work; no command for people. */
export type InnerWord = 'demo-upstream' | 'serve-worker'

/** Whether this program is one file with its runtime inside, as `npm run build -- --executables` makes it. */
export function isExecutable(): boolean {
  return (globalThis as { readonly Bun?: Bun }).Bun?.isStandaloneExecutable === true
}

/**
 * How to start `portolan` again as it runs here: the executable, the command of the package, or the source of it, with
 * what was said to the runtime. What follows are the words of a command line. An inner word needs an IPC channel among
 * the child's `stdio`. Whoever embeds the package gets its command.
 */
export function ownProgram(): OwnProgram {
  const { execPath: command, execArgv } = process
  if (isExecutable()) return { command, words: [] }
  const file = isSource(import.meta.url) ? '../../cli/main.ts' : '../bin/portolan.cjs'
  // A debugger listens for one process.
  const flags = execArgv.filter((flag) => !flag.startsWith('--inspect'))
  return { command, words: [...flags, fileURLToPath(new URL(file, import.meta.url))] }
}

/** Where the file of a thread is, by its name, from the `import.meta.url` of a file beside it: a source, or built as that is. */
export function fileBeside(url: string, name: string): URL {
  return new URL(`./${name}${isSource(url) ? '.ts' : '.js'}`, url)
}

function isSource(url: string): boolean {
  return url.endsWith('.ts')
}
