import packageFile from '../../package.json' with { type: 'json' }
import { readGeo } from '../adapters/ranges/geo-file.ts'
import { dataDates } from '../clouds/data-dates.ts'
import { ownCommit } from './commit.ts'

/** What this program is: what a report of a fault has to say first. */
export interface About {
  readonly version: string
  /** `unknown` in sources without git. */
  readonly commit: string
  /** The program and its version, system and processor: `Node 24.21.0, linux x64`. */
  readonly runtime: string
  /** Dates of the data that comes with it. */
  readonly data: Readonly<Record<string, string>>
}

/** Finds out what this program is. */
export async function about(): Promise<About> {
  const { bun, node } = process.versions
  return {
    version: packageFile.version,
    commit: ownCommit(),
    runtime: `${bun === undefined ? `Node ${node}` : `Bun ${bun}`}, ${process.platform} ${process.arch}`,
    data: { networks: (await readGeo()).date, ...dataDates },
  }
}

/** What `portolan --version --verbose` prints. */
export function formatAbout({ version, commit, runtime, data }: About): string {
  const dates = Object.entries(data).map(([name, date]) => `${name} ${date}`)
  return `portolan ${version}\ncommit   ${commit}\nruntime  ${runtime}\ndata     ${dates.join(', ')}\n`
}
