import { spawnSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { cpus } from 'node:os'
import { basename, join } from 'node:path'

// `npm run bench` runs every bench beside this file, `npm run bench -- NAME …` those that are named. A bench is a file
// that exports `run`, which measures and prints. One that exports `onBun` too is run on Bun as well.

const files = await readdir(import.meta.dirname)
const known = files
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => basename(file, '.ts'))
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`there is no bench named ${unknown.join(', ')}; there are: ${known.join(', ')}`)
  process.exit(2)
}

const [cpu] = cpus()
console.log(`${cpu?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores; Node ${process.versions.node}`)
for (const name of wanted.length > 0 ? wanted : known) {
  console.log(`\n# ${name}\n`)
  const bench = (await import(`./${name}.ts`)) as { run(): Promise<void>; onBun?: true }
  await bench.run()
  if (bench.onBun) {
    console.log()
    const code = `const { run } = await import(${JSON.stringify(join(import.meta.dirname, `${name}.ts`))}); await run()`
    spawnSync(join(import.meta.dirname, '../node_modules/.bin/bun'), ['-e', code], { stdio: 'inherit' })
  }
}
