import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { until } from '../../test/support/until.ts'

/** Says when it was told to stop, and never does. */
const STUBBORN = `
  const { interruptible } = await import(${JSON.stringify(new URL('interruption.ts', import.meta.url).href)})
  const { signal } = interruptible((line) => console.log(line), 'leaving the rest')
  signal.addEventListener('abort', () => console.log(signal.reason.message))
  console.log('running')
  setInterval(() => {}, 1000)
`

/** Stops when it is told to, and leaves behind what keeps a process alive. */
const OBEDIENT = `
  const { interruptible } = await import(${JSON.stringify(new URL('interruption.ts', import.meta.url).href)})
  setInterval(() => {}, 1000)
  {
    using interruption = interruptible(() => {}, 'leaving the rest')
    console.log('running')
    await new Promise((resolve) => interruption.signal.addEventListener('abort', resolve))
  }
  console.log('a report')
  process.exitCode = 7
`

test('when a run that was told to stop is over, nothing keeps its process', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', OBEDIENT])
  const closed = once(child, 'close')
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  await until('it to run', () => out.includes('running'))
  child.kill('SIGINT')
  expect(await closed).toEqual([7, null])
  expect(out).toContain('a report')
})

test.each(['SIGINT', 'SIGTERM'] as const)('a first %s stops, a second one ends at once', async (name) => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', STUBBORN])
  const closed = once(child, 'close')
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  await until('it to run', () => out.includes('running'))
  child.kill(name)
  await until('it to stop', () => out.includes(`interrupted by ${name}`))
  expect(out).toContain(`${name}: stopping, and leaving the rest; once more ends at once`)
  child.kill(name)
  expect(await closed).toEqual([null, name])
})
