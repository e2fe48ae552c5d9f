import { listen } from '../../../src/adapters/node/listen.ts'
import { createNodeRuntime } from '../../../src/adapters/node/runtime.ts'
import { createUpstream } from '../../../src/demo/upstream.ts'
import { openHttpRegistry } from '../../../src/registry/http-registry.ts'
import { silentLog } from '../../../src/telemetry/log.ts'
import { makeLayout } from './layout-place.ts'
import { describeReader } from './suite.ts'

describeReader('a registry over HTTP', async () => {
  const { layout, [Symbol.asyncDispose]: dispose } = await makeLayout()
  const onError = (error: unknown) => console.error(error)
  const listener = await listen(createUpstream(layout), { host: '127.0.0.1', port: 0, onError })
  const runtime = createNodeRuntime({ log: silentLog, userAgent: 'portolan/test' })
  const reader = openHttpRegistry(runtime, {
    url: `http://127.0.0.1:${listener.port}`,
    prefix: '',
    credentials: async () => undefined,
    limits: { concurrency: 4, requestsPerSecond: 1000 },
  })
  return {
    reader,
    async [Symbol.asyncDispose]() {
      await listener.drain(0)
      await dispose()
    },
  }
})
