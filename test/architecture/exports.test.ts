import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What an entry file exports, types included, as it is written there. */
async function exportsOf(entry: string): Promise<string[]> {
  const text = await readFile(`${ROOT}src/${entry}.ts`, 'utf8')
  return [...text.matchAll(/^export (type )?\{([^}]*)\} from/gm)]
    .flatMap(([, allTypes, names]) =>
      names!
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '')
        .map((name) => (allTypes !== undefined ? `type ${name}` : name)),
    )
    .sort()
}

/** A change here is a change for everybody who embeds a door. */
it.each(['index', 'node', 'workers', 'routing', 'oci', 'registry', 'scan'])(
  'portolan/%s exports what it did',
  async (entry) => {
    expect(await exportsOf(entry)).toMatchSnapshot()
  },
)

it('every entry that package.json names is looked at', async () => {
  const { exports } = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8')) as { exports: object }
  const entries = Object.keys(exports).filter((subpath) => subpath !== './package.json')
  expect(entries.map((subpath) => (subpath === '.' ? 'index' : subpath.slice(2))).sort()).toEqual(
    ['index', 'node', 'workers', 'routing', 'oci', 'registry', 'scan'].sort(),
  )
})
