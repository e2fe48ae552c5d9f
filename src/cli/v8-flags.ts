import { setFlagsFromString } from 'node:v8'

/** What streams through leaves nothing behind, and neither does a request, but V8 would take ever more memory for them. */
const YOUNG = ['--semi-space-growth-factor=1']
/** A search is over before V8's slower compiler has earned back what it costs, and what is garbage by then is collected. */
const SEARCH = [...YOUNG, '--heap-growing-percent=10', '--no-turbofan']
/**
 * Answers are read by WebAssembly, and too few of them to be worth 9 to 20 MB and a tenth of a short run for reading them
 * faster. The heap of a door grows as V8 likes: held short, new ranges would take 2.5 times the work.
 */
const ASKING = [...YOUNG, '--no-wasm-dynamic-tiering', '--no-wasm-tier-up']

const FLAGS: Readonly<Record<string, readonly string[]>> = {
  ...{ scan: SEARCH, rewrite: SEARCH },
  ...{
    sync: ASKING,
    copy: ASKING,
    legacy: ASKING,
    bundle: ASKING,
    serve: ASKING,
    'serve-worker': ASKING,
    demo: ASKING,
  },
}

/**
 * Tells V8 what a command is like. To be called before the rest is loaded, and before what V8 has compiled is looked for:
 * V8 uses none that was made with other flags.
 */
export function setV8Flags(command: string): void {
  for (const flag of Object.hasOwn(FLAGS, command) ? FLAGS[command]! : []) setFlagsFromString(flag)
}
