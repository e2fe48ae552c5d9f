import { posix } from 'node:path'

/** The floors of the house from the bottom up: a room may import from those below it. docs/architecture.md draws it. */
const FLOORS: readonly (readonly string[])[] = [
  ['errors', 'runtime', 'internal', 'telemetry'],
  ['oci', 'net'],
  ['config', 'clouds', 'inventory'],
  ['routing', 'transport'],
  ['backends', 'presence', 'health', 'registry', 'storage', 'clouds/fetch'],
  ['replication', 'migrate', 'doctor'],
  ['server'],
  ['adapters', 'cli', 'demo', 'ui', 'index'],
]

/** What a reader would expect between two rooms of one floor. */
const ARROWS = [
  'internal → errors',
  'internal → runtime',
  'runtime → telemetry',
  'telemetry → errors',
  'config → clouds',
  'presence → storage',
  'cli → adapters',
  'demo → adapters',
  'cli → demo',
]

/** Files outside `src` that a room may import. */
const OUTSIDE: Readonly<Record<string, RegExp>> = { clouds: /^data\//, cli: /^package\.json$/ }

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
    const code = withoutComments(text)
    for (const offence of [...importOffences(path, code), ...globalOffences(path, code)]) {
      offences.push(`${path}: ${offence}`)
    }
  }
  for (const path of tree.keys()) {
    const folder = path.split('/')[1]!
    if (!alive.has(folder)) offences.push(`src/${folder}: the room is empty`)
    alive.add(folder)
  }
  return offences
}

/** `src/clouds/providers/aws.ts` is in `clouds`; what fetches in `clouds` is a room of its own. */
function roomOf(path: string): string {
  if (/^src\/clouds\/fetch[^/]*(?:\/|$)/.test(path)) return 'clouds/fetch'
  return path.split('/')[1]!.replace(/\.ts$/, '')
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room))
}

function importOffences(path: string, code: string): string[] {
  if (/^\s*export\s*\*/m.test(code)) return ['exports * instead of names']
  const offences: string[] = []
  if (/\bimport\s*\(\s*[^'"\s]/.test(code)) offences.push('imports a module that is not named by a literal')
  for (const module of modulesOf(code)) {
    const offence = module.startsWith('.')
      ? relativeOffence(roomOf(path), posix.join(posix.dirname(path), module))
      : RUNTIME_MODULE.test(module) && !KNOWS_RUNTIME.test(path) && 'which knows the runtime'
    if (offence) offences.push(`imports ${module}, ${offence}`)
  }
  return offences
}

/** What `import … from`, `export … from`, `import '…'` and `import('…')` name. */
function modulesOf(code: string): string[] {
  const patterns = [
    /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /\bimport\s*\(?\s*['"]([^'"]+)['"]/g,
  ]
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(([, module]) => module!))
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

function globalOffences(path: string, code: string): string[] {
  const bare = withoutStrings(code)
  const forbidden = [...(KNOWS_RUNTIME.test(path) ? [] : RUNTIME), ...(LENDS.test(path) ? [] : LENT)]
  return forbidden
    .filter((name) => usesGlobal(bare, name))
    .map((name) => `uses the global ${name}, which has to be a parameter`)
}

function usesGlobal(code: string, name: string): boolean {
  const word = /^\w+$/.test(name)
  if (word && isBound(code, name)) return false
  const literal = name.replace(/[.()]/g, String.raw`\$&`)
  return new RegExp(
    String.raw`(?<![.\w$]|typeof )(?:globalThis\.)?${literal}${name.endsWith(')') ? '' : String.raw`(?![\w$]|\??:)`}`,
  ).test(code)
}

/** A name that the file itself gives a type, or takes out of an object, is a parameter and not the global. */
function isBound(code: string, name: string): boolean {
  return [
    String.raw`[(,{;]\s*(?:readonly\s+)?${name}\??:`,
    String.raw`^\s+(?:readonly\s+)?${name}\??(?::|\([^()]*\): )`,
    String.raw`\{[^{}]*\b${name}\b[^{}]*\}\s*(?::|=[^=>])`,
  ].some((binding) => new RegExp(binding, 'm').test(code))
}

/** A string, a template, a comment or a regular expression, whichever begins first. */
const TOKEN = new RegExp(
  [
    String.raw`'(?:\\.|[^'\\\n])*'`,
    String.raw`"(?:\\.|[^"\\\n])*"`,
    '`(?:\\\\.|[^`\\\\])*`',
    String.raw`\/\/[^\n]*`,
    String.raw`\/\*[\s\S]*?\*\/`,
    String.raw`(?<=[=(,:?!&|[{};]\s*|return )\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/`,
  ].join('|'),
  'g',
)

function withoutComments(text: string): string {
  return text.replace(TOKEN, (token) => (/^\/[/*]/.test(token) ? ' ' : token))
}

/** Templates stay, since there is code in them. */
function withoutStrings(code: string): string {
  return code.replace(TOKEN, (token) => (token[0] === '`' ? token : "''"))
}
