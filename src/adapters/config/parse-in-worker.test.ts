import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseConfig } from '../../config/parse.ts'
import { parseInWorker } from './parse-in-worker.ts'

const read = (file: string) => readFileSync(new URL(`../../../examples/${file}`, import.meta.url), 'utf8')
const options = { environment: { HOST: 'registry.example' }, baseFolder: '/etc', fileName: 'portolan.yaml' }
const GOOD = `
version: 1
upstreams: [{ id: a, url: "https://\${HOST}", at: aws/eu-west-3 }]
clouds: { places: [{ prefix: 10.0.0.0/8, at: my/berlin }], refresh: 12h }
`

test.each([
  ['a good config', GOOD],
  ['a config of every kind of key', read('sync.yaml')],
  ['a config of many backends', read('registry.k8s.io.yaml')],
  ['a bad config', 'version: 2\nlisen: 5\n'],
  ['no YAML', '{'],
])('%s is read in another thread as in this one', async (_, text) => {
  expect(await parseInWorker({ text, options })).toEqual(parseConfig(text, options))
})
