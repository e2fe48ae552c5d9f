import { systemClock } from '../adapters/clock.ts'
import { listen } from '../adapters/node/listen.ts'
import { openImageLayout } from '../storage/fs/image-layout.ts'
import { createUpstream } from './upstream.ts'

/** What start-upstream.ts starts, with the folder of an image layout: tells its port, and ends when the demo does. */
export async function runUpstream([layout]: readonly string[]): Promise<void> {
  const content = await openImageLayout(layout!, { runtime: systemClock, report: console.error })
  const { port } = await listen(createUpstream(content), {
    host: '127.0.0.1',
    port: 0,
    onError: console.error,
  })
  process.on('disconnect', () => process.exit())
  // Ctrl-C reaches every process of the terminal; the demo ends this one when its door has drained.
  process.on('SIGINT', () => {})
  process.send!(port)
}
