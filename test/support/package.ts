import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runOk } from './programs.ts'
import { makeTempFolder } from './temp.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const NPM = process.platform === 'win32' ? 'npm.cmd' : 'npm'

/** On a machine that others load, in milliseconds. */
const LONGEST_BUILD = 240_000

/** The package as a user has it: built, packed, and installed into a folder of its own that had nothing in it. */
export interface InstalledPackage extends AsyncDisposable {
  /** The project that it was installed into. */
  readonly project: string
  /** Where it lies. */
  readonly folder: string
  /** What `npx portolan` runs. */
  readonly program: string
}

/** By which run of tests `dist/` was built last. */
const BUILT = join(ROOT, 'node_modules/.cache/built-by')

/** Builds `dist/`: once for all files of a run that names itself, as `vitest.e2e.config.ts` does, where they take turns. */
export async function buildDist(): Promise<void> {
  const run = process.env.PORTOLAN_TEST_RUN
  const last = existsSync(join(ROOT, 'dist/cli.js')) && (await readFile(BUILT, 'utf8').catch(() => ''))
  if (run !== undefined && run === last) return
  // Not by prepack, which would install for the build what is being used at this moment.
  await runOk(process.execPath, [join(ROOT, 'scripts/build/main.ts')], { cwd: ROOT, timeout: LONGEST_BUILD })
  if (run === undefined) return
  await mkdir(dirname(BUILT), { recursive: true })
  await writeFile(BUILT, run)
}

/** Builds and packs into a folder; gives the tarball. */
export async function packPackage(folder: string): Promise<string> {
  await buildDist()
  await runOk(NPM, ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT })
  const [name] = (await readdir(folder)).filter((each) => each.endsWith('.tgz'))
  return join(folder, name!)
}

/** Builds, packs and installs, without asking a registry for anything: the package depends on nothing. */
export async function installPackage(): Promise<InstalledPackage> {
  const folder = await makeTempFolder()
  try {
    const tarball = await packPackage(folder.path)
    const project = join(folder.path, 'project')
    await mkdir(project)
    await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }')
    await runOk(NPM, ['install', '--offline', '--no-audit', '--no-fund', tarball], {
      cwd: project,
    })
    return {
      project,
      folder: join(project, 'node_modules/portolan'),
      program: join(project, 'node_modules/.bin/portolan'),
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    }
  } catch (error) {
    await folder[Symbol.asyncDispose]()
    throw error
  }
}
