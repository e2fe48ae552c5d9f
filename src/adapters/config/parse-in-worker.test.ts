import { expect, test } from 'vitest'
import { parseConfig } from '../../config/parse.ts'
import { parseInWorker } from './parse-in-worker.ts'

const options = { environment: { HOST: 'registry.example' }, baseFolder: '/etc', fileName: 'portolan.yaml' }
const GOOD = `
version: 1
upstreams: [{ id: a, url: "https://\${HOST}", at: aws/eu-west-3 }]
clouds: { places: [{ prefix: 10.0.0.0/8, at: my/berlin }], refresh: 12h }
`

test.each([
  ['a good config', GOOD],
  ['a bad config', 'version: 2\nlisen: 5\n'],
  ['no YAML', '{'],
])('%s is read in another thread as in this one', async (_, text) => {
  expect(await parseInWorker({ text, options })).toEqual(parseConfig(text, options))
})
