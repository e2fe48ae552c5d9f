const ELF = 0x7f454c46
const ELF_MACHINES: Readonly<Record<number, string>> = { 62: 'x86-64', 183: 'aarch64' }
/** Program header of the loader's path (System V ABI, "Program Header", PT_INTERP). */
const INTERPRETER = 3
const MACH_O_64 = 0xfeedfacf
const MACH_CPUS: Readonly<Record<number, string>> = { 16777228: 'arm64', 16777223: 'x86-64' }
/** Load command of a signature (mach-o/loader.h, LC_CODE_SIGNATURE): macOS on arm64 ends what has none. */
const CODE_SIGNATURE = 0x1d

/**
 * Says what an executable's header says of it: `ELF 64-bit x86-64, loaded by /lib64/ld-linux-x86-64.so.2`, or
 * `Mach-O 64-bit arm64, signed`. `head` is the file's first kilobytes. Throws an `Error` when it is neither.
 */
export function describeHeader(head: Buffer): string {
  try {
    if (head.readUInt32BE(0) === ELF && head[4] === 2 && head[5] === 1) return ofElf(head)
    if (head.readUInt32LE(0) === MACH_O_64) return ofMachO(head)
  } catch (error) {
    // What a header leads to is not there.
    if (!(error instanceof RangeError)) throw error
  }
  throw new Error('neither a 64-bit ELF file nor a 64-bit Mach-O one')
}

function ofElf(head: Buffer): string {
  const machine = ELF_MACHINES[head.readUInt16LE(18)] ?? `machine ${head.readUInt16LE(18)}`
  const table = Number(head.readBigUInt64LE(32))
  const size = head.readUInt16LE(54)
  const count = head.readUInt16LE(56)
  for (let index = 0; index < count; index++) {
    const entry = table + index * size
    if (head.readUInt32LE(entry) !== INTERPRETER) continue
    const at = Number(head.readBigUInt64LE(entry + 8))
    const length = Number(head.readBigUInt64LE(entry + 32))
    return `ELF 64-bit ${machine}, loaded by ${head.toString('latin1', at, at + length - 1)}`
  }
  return `ELF 64-bit ${machine}, loaded by nothing`
}

function ofMachO(head: Buffer): string {
  const cpu = MACH_CPUS[head.readUInt32LE(4)] ?? `processor ${head.readUInt32LE(4)}`
  let at = 32
  for (let left = head.readUInt32LE(16); left > 0; left--) {
    if (head.readUInt32LE(at) === CODE_SIGNATURE) return `Mach-O 64-bit ${cpu}, signed`
    const size = head.readUInt32LE(at + 4)
    if (size < 8) throw new RangeError('a load command has no length')
    at += size
  }
  return `Mach-O 64-bit ${cpu}, not signed`
}
