import packageFile from '../../package.json' with { type: 'json' }
import { isExecutable } from '../adapters/node/own-program.ts'
import { readGeo } from '../adapters/ranges/geo-file.ts'
import { dataDates } from '../clouds/data-dates.ts'
import { ownCommit } from './commit.ts'

/** What this program is: what a report of a fault has to say first. */
export interface About {
  readonly version: string
  /** `unknown` in sources without git. */
  readonly commit: string
  /**
   * The program and its version, system and processor: `Node 24.21.0, linux x64`, or
   * `Bun 1.4.5 in one executable, linux x64`.
   */
  readonly runtime: string
  /** Dates of the data that comes with it. */
  readonly data: Readonly<Record<string, string>>
}

/** Finds out what this program is. */
export async function about(): Promise<About> {
  const { bun, node } = process.versions
  const program = `${bun === undefined ? `Node ${node}` : `Bun ${bun}`}${isExecutable() ? ' in one executable' : ''}`
  return {
    version: packageFile.version,
    commit: ownCommit(),
    runtime: `${program}, ${process.platform} ${process.arch}`,
    data: { networks: (await readGeo()).date, ...dataDates },
  }
}

/** What `portolan --version --verbose` prints. */
export function formatAbout({ version, commit, runtime, data }: About): string {
  const dates = Object.entries(data).map(([name, date]) => `${name} ${date}`)
  return `portolan ${version}\ncommit   ${commit}\nruntime  ${runtime}\ndata     ${dates.join(', ')}\n`
}
