/** A program and its words. */
export interface CommandLine {
  readonly program: string
  readonly words: readonly string[]
}

/** Set to 1 in the environment of a process that is a worker of the one that started it. */
export const WORKER_VARIABLE = 'PORTOLAN_WORKER'

/** Where a program that is one file keeps its sources, as `bun build --compile` makes it. */
const COMPILED = /^(?:\/\$bunfs\/|[A-Z]:[\\/]~BUN[\\/])/

/** The command line that this process was started by, for another process like it. */
export function ownCommand({
  execPath,
  execArgv,
  argv,
}: Pick<NodeJS.Process, 'execPath' | 'execArgv' | 'argv'>): CommandLine {
  const [, script = '', ...words] = argv
  if (COMPILED.test(script)) return { program: execPath, words }
  // A debugger listens for one process.
  const flags = execArgv.filter((flag) => !/^--inspect/.test(flag))
  return { program: execPath, words: [...flags, script, ...words] }
}
