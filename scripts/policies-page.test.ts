import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { storeOf, upstreamOf } from '../src/backends/routable.ts'
import { placeOf } from '../src/clouds/places.ts'
import { loadConfig } from '../src/config/load.ts'
import { compileRouting } from '../src/routing/compile-routing.ts'
import { createView } from '../src/routing/view.ts'
import { runHosted } from '../test/support/command-host.ts'
import { PAGE, policiesPage } from './policies-page.ts'

const FOLDER = join(import.meta.dirname, '../examples/policies')

it('docs/policies.md is what its configs and the simulation say; node scripts/policies-page.ts makes it anew', async () => {
  const page = readFileSync(PAGE, 'utf8')
  // Another number of threads than it was made with.
  expect(await policiesPage(page, 1)).toBe(page)
}, 60_000)

it('all policies are valid, and nothing is to be said of them', async () => {
  const names = readdirSync(FOLDER)
  const { code, out, err } = await runHosted(['config', 'check', ...names], { folder: FOLDER })
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out.trimEnd().split('\n')).toEqual(names.map((name) => expect.stringMatching(`^${name}: valid; `)))
})

it('a country without a provider gets images elsewhere, signatures and what nobody else has excepted', () => {
  const text = readFileSync(join(FOLDER, 'country-without-a-provider.yaml'), 'utf8')
  const config = loadConfig(text)
  const firstOf = (down: readonly string[]) => {
    const { blob, manifest, tag, signature } = createView({
      upstreams: config.upstreams.map(upstreamOf),
      stores: config.stores.map(storeOf),
      ...compileRouting(config),
      isUsable: ({ id }) => !down.includes(id),
    }).candidates(placeOf('country/CN'), undefined, 'pause')
    return [blob, manifest, tag, signature].map((list) => list.find(({ usable }) => usable)?.backend.id)
  }
  expect(firstOf([])).toEqual(['hongkong', 'hongkong', 'hongkong', 'iowa'])
  expect(firstOf(['hongkong'])).toEqual(['singapore', 'tokyo', 'tokyo', 'iowa'])
})
