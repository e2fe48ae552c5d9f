import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { describeHeader } from './executable-header.ts'
import { headOf } from './executables.ts'

/** A 64-bit ELF header with one program header, which names the loader. */
function elf(machine: number, loader: string | undefined): Buffer {
  const head = Buffer.alloc(256)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1])
  head.writeUInt16LE(machine, 18)
  head.writeBigUInt64LE(64n, 32)
  head.writeUInt16LE(56, 54)
  head.writeUInt16LE(1, 56)
  head.writeUInt32LE(loader === undefined ? 1 : 3, 64)
  head.writeBigUInt64LE(128n, 64 + 8)
  head.writeBigUInt64LE(BigInt((loader?.length ?? 0) + 1), 64 + 32)
  head.write(loader ?? '', 128)
  return head
}

/** A 64-bit Mach-O header with these load commands, each of 16 bytes. */
function machO(cpu: number, commands: readonly number[]): Buffer {
  const head = Buffer.alloc(32 + 16 * commands.length)
  head.writeUInt32LE(0xfeedfacf, 0)
  head.writeUInt32LE(cpu, 4)
  head.writeUInt32LE(commands.length, 16)
  commands.forEach((command, index) => {
    head.writeUInt32LE(command, 32 + 16 * index)
    head.writeUInt32LE(16, 36 + 16 * index)
  })
  return head
}

describe('the header of an executable', () => {
  it.each([
    [elf(0x3e, '/lib64/ld-linux-x86-64.so.2'), 'ELF 64-bit x86-64, loaded by /lib64/ld-linux-x86-64.so.2'],
    [elf(0xb7, '/lib/ld-linux-aarch64.so.1'), 'ELF 64-bit aarch64, loaded by /lib/ld-linux-aarch64.so.1'],
    [elf(0x3e, undefined), 'ELF 64-bit x86-64, loaded by nothing'],
    [elf(0xf3, undefined), 'ELF 64-bit machine 243, loaded by nothing'],
    [machO(0x0100000c, [0x19, 0x1d]), 'Mach-O 64-bit arm64, signed'],
    [machO(0x0100000c, [0x19]), 'Mach-O 64-bit arm64, not signed'],
    [machO(0x01000007, [0x1d]), 'Mach-O 64-bit x86-64, signed'],
  ])('says what it is for: row %#', (head, said) => {
    expect(describeHeader(head)).toBe(said)
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a script', Buffer.from('#!/bin/sh\n'.padEnd(100))],
    ['the beginning of an ELF file', elf(0x3e, '/lib').subarray(0, 60)],
    ['an ELF file whose table of headers lies elsewhere', elf(0x3e, '/lib').subarray(0, 100)],
    ['a Mach-O file whose load commands are cut', machO(0x0100000c, [0x19, 0x1d]).subarray(0, 50)],
    ['a load command of no length', machO(0x0100000c, [0x19]).fill(0, 36)],
  ])('is refused when it is %s', (_, head) => {
    expect(() => describeHeader(head)).toThrow('neither a 64-bit ELF file nor a 64-bit Mach-O one')
  })

  it.runIf(process.platform === 'linux')('is that of the Node that runs this', () => {
    const loader = /interpreter: (\S+)\]/.exec(
      execFileSync('readelf', ['-l', process.execPath], { encoding: 'utf8' }),
    )?.[1]
    expect(describeHeader(headOf(process.execPath))).toContain(`loaded by ${loader}`)
  })
})
