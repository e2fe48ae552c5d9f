import { posix } from 'node:path'
import { findCircles } from './circles.ts'
import { globalsOf } from './globals.ts'
import { importGraph, importsOf } from './imports.ts'
import { parse, walk } from './syntax.ts'

/**
 * The floors of the house from the bottom up: a room may import from those below it. docs/architecture.md names the same.
 */
export const FLOORS: readonly (readonly string[])[] = [
  ['errors', 'runtime', 'internal', 'telemetry'],
  ['oci', 'net'],
  ['config', 'clouds', 'inventory', 'prices', 'releases', 'endpoints', 'legacy'],
  ['routing'],
  ['backends', 'cache', 'transfer', 'registry', 'storage', 'cluster', 'clouds/fetch', 'transport'],
  ['replication', 'bundle', 'relay', 'migrate', 'doctor', 'simulate'],
  ['server'],
  ['adapters', 'cli', 'demo', 'entries'],
]

/** What a reader would expect between two rooms of one floor. */
export const ARROWS: readonly string[] = [
  'internal → errors',
  'internal → runtime',
  'runtime → telemetry',
  'telemetry → errors',
  'config → clouds',
  'prices → clouds',
  'prices → config',
  'registry → transfer',
  'cache → transfer',
  'storage → cache',
  'storage → transfer',
  'storage → registry',
  ...['backends', 'transfer', 'registry', 'storage', 'cluster', 'clouds/fetch'].map(
    (room) => `${room} → transport`,
  ),
  'bundle → replication',
  'cli → adapters',
  'demo → adapters',
  'cli → demo',
  'entries → adapters',
]

/** What the package's subpaths export, each a file right below src/. */
export const ENTRIES: readonly string[] = ['index', 'node', 'workers', 'routing', 'oci', 'registry', 'scan']

/** Files outside `src` that a room may import. */
const OUTSIDE: Readonly<Record<string, RegExp>> = {
  clouds: /^data\//,
  prices: /^data\/prices\//,
  releases: /^data\//,
  transport: /^data\/token-services\.json$/,
  simulate: /^data\/sample-traffic\.json$/,
  cli: /^package\.json$/,
}

/** Who may know the runtime, and who lends a clock, timers, randomness and the network to the others. */
const KNOWS_RUNTIME = /^src\/(?:adapters|cli|demo|storage\/fs)\//
const LENDS = /^src\/(?:adapters|cli|demo)\//

const RUNTIME_MODULE = /^(?:node:|bun(?::|$)|cloudflare:)/
const RUNTIME = ['process', 'Bun', 'Deno', 'Buffer', 'console', 'require', '__dirname', '__filename']
const LENT = [
  ...['Date.now', 'new Date()', 'performance.now', 'performance.timeOrigin', 'Math.random'],
  ...['crypto.randomUUID', 'crypto.getRandomValues', 'AbortSignal.timeout'],
  ...['fetch', 'setTimeout', 'setInterval', 'setImmediate', 'WebSocket', 'XMLHttpRequest'],
]
/** Values that the oldest Node of package.json has not, though types and the pinned Node have: nobody may use them. */
const TOO_NEW = ['DisposableStack', 'AsyncDisposableStack', 'SuppressedError', 'Float16Array', 'URLPattern']

/**
 * Checks source files, by path from the repository's root (`src/oci/path.ts`) to text, against the rules of the house.
 * Gives one line an offence, naming the file and what it may not do. Tests that lie beside the code are free.
 */
export function findOffences(tree: ReadonlyMap<string, string>): string[] {
  const offences: string[] = []
  const alive = new Set<string>()
  for (const [path, text] of tree) {
    if (!path.endsWith('.test.ts')) alive.add(path.split('/')[1]!)
    if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue
    const room = roomOf(path)
    if (floorOf(room) < 0) {
      offences.push(`${path}: ${room} is not a room of the house`)
      continue
    }
    for (const offence of [
      ...importOffences(path, text),
      ...globalOffences(path, text),
      ...syntaxOffences(path, text),
    ]) {
      offences.push(`${path}: ${offence}`)
    }
  }
  for (const path of tree.keys()) {
    const folder = path.split('/')[1]!
    if (!alive.has(folder)) offences.push(`src/${folder}: the room is empty`)
    alive.add(folder)
  }
  return [...offences, ...circleOffences(tree)]
}

/** `src/clouds/providers/aws.ts` is in `clouds`; what fetches in `clouds` is a room of its own. */
function roomOf(path: string): string {
  if (/^src\/clouds\/fetch[^/]*(?:\/|$)/.test(path)) return 'clouds/fetch'
  const name = path.split('/')[1]!
  if (!name.endsWith('.ts')) return name
  return ENTRIES.includes(name.slice(0, -3)) ? 'entries' : name.slice(0, -3)
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room))
}

function importOffences(path: string, text: string): string[] {
  const { modules, exportsAll, unnamed } = importsOf(path, text)
  if (exportsAll) return ['exports * instead of names']
  const offences: string[] = []
  if (unnamed) offences.push('imports a module that is not named by a literal')
  for (const module of modules) {
    const offence = module.startsWith('.')
      ? relativeOffence(roomOf(path), posix.join(posix.dirname(path), module))
      : RUNTIME_MODULE.test(module) && !KNOWS_RUNTIME.test(path) && 'which knows the runtime'
    if (offence) offences.push(`imports ${module}, ${offence}`)
  }
  return offences
}

/** Of files, types included, wherever they are; and of rooms, which arrows may join. */
function circleOffences(tree: ReadonlyMap<string, string>): string[] {
  const files = importGraph(tree)
  const rooms = new Map<string, Set<string>>()
  for (const [path, targets] of files) {
    const room = roomOf(path)
    const others = [...targets].map(roomOf).filter((other) => other !== room)
    rooms.set(room, new Set([...(rooms.get(room) ?? []), ...others]))
  }
  return [
    ...findCircles(files).map((circle) => `files import each other in a circle: ${circle}`),
    ...findCircles(rooms).map((circle) => `rooms import each other in a circle: ${circle}`),
  ]
}

function relativeOffence(from: string, target: string): string | undefined {
  if (!target.startsWith('src/')) {
    return OUTSIDE[from]?.test(target) ? undefined : 'which is outside of src/'
  }
  if (target.endsWith('.test.ts')) return 'which is a test'
  const to = roomOf(target)
  const [floor, targetFloor] = [floorOf(from), floorOf(to)]
  if (to === from || (targetFloor >= 0 && targetFloor < floor)) return undefined
  if (targetFloor > floor) return `though ${to} is on floor ${targetFloor} and ${from} on floor ${floor}`
  return ARROWS.includes(`${from} → ${to}`)
    ? undefined
    : `though ${from} and ${to} are on one floor and no arrow joins them`
}

/** Node 22 runs the sources themselves, and takes `using` for a name. */
function syntaxOffences(path: string, text: string): string[] {
  const kinds = new Set<unknown>()
  walk(parse(path, text), (syntax) => {
    if (syntax.type === 'VariableDeclaration') kinds.add(syntax.kind)
  })
  return ['using', 'await using']
    .filter((kind) => kinds.has(kind))
    .map((kind) => `declares with "${kind}", which Node 22 cannot read`)
}

function globalOffences(path: string, text: string): string[] {
  const used = globalsOf(path, text)
  const tooNew = TOO_NEW.filter((name) => used.has(name))
  const forbidden = [...(KNOWS_RUNTIME.test(path) ? [] : RUNTIME), ...(LENDS.test(path) ? [] : LENT)]
  return [
    ...tooNew.map((name) => `uses the global ${name}, which Node 22 has not`),
    ...forbidden
      .filter((name) => used.has(name))
      .map((name) => `uses the global ${name}, which has to be a parameter`),
  ]
}
