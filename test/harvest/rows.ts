import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** One message as it was printed. */
export interface Row {
  readonly fault: string
  /** What `doctor --error` has to name first; `-` for what says nothing. */
  readonly cause: string
  /** With `log` behind it for the log of its daemon. */
  readonly client: string
  readonly version: string
  readonly text: string
}

const FILE = join(import.meta.dirname, '../fixtures/errors/printed.json')

export async function readRows(): Promise<readonly Row[]> {
  return JSON.parse(await readFile(FILE, 'utf8').catch(() => '[]'))
}

/** Writes them in the order of the faults, and the clients of each by name. */
export async function writeRows(rows: readonly Row[], faults: readonly string[]): Promise<void> {
  const sorted = rows.toSorted(
    (one, other) =>
      faults.indexOf(one.fault) - faults.indexOf(other.fault) || (one.client < other.client ? -1 : 1),
  )
  await mkdir(dirname(FILE), { recursive: true })
  await writeFile(FILE, `${JSON.stringify(sorted, null, 1)}\n`)
}
