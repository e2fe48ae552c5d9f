import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { RUNTIMES } from '../../../test/support/portolan.ts'
import { findProgram } from '../../../test/support/programs.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { openKernelFiles } from './kernel-files.ts'

const MODULES = ['kernel-files.ts', 'descriptor-of.ts'].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
)

test('has no way to the kernel on Node', () => {
  expect(openKernelFiles()).toBeUndefined()
})

/** Runs on Bun, and gives what it printed: what the kernel sent of each piece, what came, whether it is in memory. */
const PROGRAM = `
const { createServer, connect } = await import('node:net')
const { openSync } = await import('node:fs')
const [kernelModule, descriptorModule, path] = process.argv.slice(1)
const kernel = (await import(kernelModule)).openKernelFiles()
const { descriptorOf } = await import(descriptorModule)
const file = openSync(path)
const sent = []
const server = createServer((socket) => {
  const to = () => descriptorOf(socket)
  sent.push(kernel.send(to(), file, 2, 3), kernel.send(to(), file, 8, 100), kernel.send(to(), file, 10, 1))
  const number = to()
  socket.destroy()
  sent.push(to() ?? 'closed', kernel.send(number, file, 0, 1) < 0 ? 'refused' : 'sent')
})
server.listen(0, '127.0.0.1', () => {
  let received = ''
  connect(server.address().port, '127.0.0.1')
    .on('data', (bytes) => { received += bytes })
    .on('close', () => {
      console.log(JSON.stringify({ sent, received, inMemory: kernel.isInMemory(file, 0), beyond: kernel.isInMemory(file, 10) }))
      process.exit()
    })
})
`

test.runIf(process.platform === 'linux')(
  'sends pieces of a file on Bun, none beyond its end and none to a socket that is closed',
  async () => {
    await using folder = await makeTempFolder()
    const path = join(folder.path, 'file')
    await writeFile(path, '0123456789')
    expect(runOnBun(PROGRAM, path)).toEqual({
      sent: [3, 2, 0, 'closed', 'refused'],
      received: '23489',
      inMemory: expect.any(Boolean),
      beyond: false,
    })
  },
)

const dd = findProgram('dd')

test.runIf(process.platform === 'linux' && dd !== undefined)(
  'tells on Bun what has to be waited for from what is in memory, where the file system can',
  async ({ skip }) => {
    await using folder = await makeTempFolder()
    const path = join(folder.path, 'file')
    await writeFile(path, Buffer.alloc(1_000_000))
    const inMemory = () => runOnBun(IN_MEMORY, path)
    if (!inMemory()) skip('the file system of the temporary folder does not tell')
    // Writes nothing, and has the kernel forget the file.
    execFileSync(dd!, [`of=${path}`, 'count=0', 'conv=notrunc,fdatasync', 'oflag=nocache'], {
      stdio: 'ignore',
    })
    expect(inMemory()).toBe(false)
  },
)

const IN_MEMORY = `
const { openSync } = await import('node:fs')
const kernel = (await import(process.argv[1])).openKernelFiles()
console.log(kernel.isInMemory(openSync(process.argv[3]), 999_999))
`

test.runIf(process.platform === 'linux')(
  'gives the kernel no memory on Bun that was given to somebody else meanwhile',
  async ({ skip }) => {
    await using folder = await makeTempFolder()
    const path = join(folder.path, 'file')
    await writeFile(path, Buffer.alloc(1_000_000))
    if (!runOnBun(IN_MEMORY, path)) skip('the file system of the temporary folder does not tell')
    expect(runOnBun(COLLECTED, path)).toEqual(Array(20).fill(true))
  },
)

const COLLECTED = `
const { openSync } = await import('node:fs')
const kernel = (await import(process.argv[1])).openKernelFiles()
const file = openSync(process.argv[3])
const kept = []
const told = []
for (let turn = 0; turn < 20; turn++) {
  Bun.gc(true)
  for (let each = 0; each < 2000; each++) kept.push(new BigUint64Array([0n, 5n]))
  told.push(kernel.isInMemory(file, 10))
}
console.log(JSON.stringify(told))
`

function runOnBun(program: string, path: string): unknown {
  return JSON.parse(String(execFileSync(RUNTIMES.bun, ['-e', program, ...MODULES, path])))
}
