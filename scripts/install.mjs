// Runs before every npm script, on whatever Node is installed, so that a bare clone needs no separate step. Installs no
// more than the script at hand needs: `node scripts/install.mjs [start|build]`, all of it without a word.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const stamp = join(root, 'node_modules', '.portolan-installed')
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The folders under dependencies/ that come with the root's own; what they are for stands in their package.json. */
const NEEDS = { start: [], build: ['clouds', 'build'] }
const needed = NEEDS[process.argv[2]] ?? manifest.workspaces.map((path) => path.split('/').at(-1))
// Node runs the sources themselves; one that cannot is no use. Nor may the one that runs this be taken away.
const isPinned = process.execPath.startsWith(join(root, 'node_modules'))
if ((isPinned || isTooOld(manifest.engines.node)) && !needed.includes('node')) needed.unshift('node')

const before = installed()
if (before === undefined || needed.some((name) => !before.includes(name))) {
  // npm ci begins from nothing, so what was there for another script comes again.
  install([...new Set([...needed, ...(before ?? [])])])
}

function isTooOld(wanted) {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(wanted)
  const [ownMajor, ownMinor] = process.versions.node.split('.')
  return ownMajor - major < 0 || (ownMajor === major && ownMinor - minor < 0)
}

/** Which folders were installed from this very lock file; `undefined` when none was, nor the root's own. */
function installed() {
  try {
    const [hash, ...names] = readFileSync(stamp, 'utf8').trim().split(' ')
    return hash === lock ? names : undefined
  } catch {
    return undefined
  }
}

function install(names) {
  const chosen = names.flatMap((name) => ['--workspace', `dependencies/${name}`])
  const which = names.length > 0 ? [...chosen, '--include-workspace-root'] : ['--workspaces=false']
  console.error(`portolan: installing what package-lock.json names …`)
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const done = spawnSync(npm, ['ci', '--loglevel=error', ...which], { cwd: root, stdio: ['ignore', 2, 2] })
  if (done.status !== 0) {
    console.error(`portolan: npm ci ${which.join(' ')} failed; run it by hand to see why, then try again`)
    process.exit(done.status ?? 1)
  }
  writeFileSync(stamp, [lock, ...names].join(' '))
}
