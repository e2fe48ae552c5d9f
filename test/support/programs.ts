import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** What a program that has ended leaves behind. */
export interface Ran {
  /** `null` when a signal ended it. */
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** In milliseconds; then the program is killed. */
  readonly timeout?: number
}

/** Where a program is: on PATH, where `go install` and `pip install --user` put it, or where servers are kept, which not every PATH names. */
export function findProgram(name: string): string | undefined {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    join(homedir(), 'go/bin'),
    join(homedir(), '.local/bin'),
    '/usr/sbin',
    '/sbin',
  ]
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

/** The programs by name, or a reason to skip what needs them. */
export function findPrograms<Name extends string>(
  ...names: readonly Name[]
): { readonly found: Readonly<Record<Name, string>>; readonly missing?: string } {
  const found = {} as Record<Name, string>
  const missing: string[] = []
  for (const name of names) {
    const path = findProgram(name)
    if (path === undefined) missing.push(name)
    else found[name] = path
  }
  return { found, ...(missing.length > 0 && { missing: `not on this machine: ${missing.join(', ')}` }) }
}

/** Runs a program to its end, whatever its exit code. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { cwd, env, timeout = 60_000 } = options
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout,
      killSignal: 'SIGKILL',
      ...(cwd !== undefined && { cwd }),
      ...(env && { env }),
    })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk) => stdout.push(chunk))
    child.stderr.on('data', (chunk) => stderr.push(chunk))
    child.once('error', reject)
    child.once('close', (code) =>
      resolve({ code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }),
    )
  })
}

/** Runs a program that has to succeed, and gives what it printed. */
export async function runOk(program: string, args: readonly string[], options?: RunOptions): Promise<Buffer> {
  const { code, stdout, stderr } = await run(program, args, options)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`)
  return stdout
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
