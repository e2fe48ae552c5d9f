import { Readable } from 'node:stream'
import { setQuiet } from '../../src/cli/print.ts'
import { run } from '../../src/cli/program.ts'
import type { HostedEnd, HostedLine } from './command-host.ts'

const setUsualTimeout = globalThis.setTimeout
const setHastyTimeout = Object.assign(
  (callback: () => void, milliseconds = 0, ...words: []) =>
    setUsualTimeout(callback, milliseconds / 10, ...words),
  setUsualTimeout,
)

/** What has come through the pipe of `command-host.ts`, one after the other, since working folder and output are shared. */
let last: Promise<void> = Promise.resolve()
process.on('message', (line: HostedLine) => {
  last = last.then(async () => {
    process.send!(await runLine(line))
  })
})
process.on('disconnect', () => process.exit())

async function runLine({ words, folder, env, input, hasty }: HostedLine): Promise<HostedEnd> {
  process.chdir(folder)
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, env)
  const stdin = Readable.from(input === '' ? [] : [Buffer.from(input)])
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true })
  setQuiet(false)
  globalThis.setTimeout = hasty ? setHastyTimeout : setUsualTimeout
  const [out, err] = [capture(process.stdout), capture(process.stderr)]
  try {
    const code = await run(words)
    endAs(code)
    return { code, out: out.text(), err: err.text() }
  } finally {
    for (const output of [out, err]) output.release()
  }
}

/** Does what a command left for the end of its process. */
function endAs(code: number): void {
  const left = process.listeners('exit')
  process.removeAllListeners('exit')
  for (const each of left) each.call(process, code)
}

/** Takes what is written to an output of this process instead of that output. */
function capture(output: NodeJS.WriteStream) {
  const pieces: Buffer[] = []
  const { write } = output
  output.write = (chunk: Uint8Array | string, ...rest: unknown[]) => {
    pieces.push(Buffer.from(chunk as string))
    const done = rest.findLast((each) => typeof each === 'function')
    if (done !== undefined) process.nextTick(done)
    return true
  }
  return {
    text: () => Buffer.concat(pieces).toString('utf8'),
    release() {
      output.write = write
      // Each line listens anew.
      output.removeAllListeners('error')
    },
  }
}
