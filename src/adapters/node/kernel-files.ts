/** What the kernel does with files without a byte of them coming through the process. */
export interface KernelFiles {
  /**
   * Sends at most so many bytes of a file, and gives how many the socket took; 0 at the file's end, less when it takes
   * none for now or the kernel will not.
   */
  send(socket: number, file: number, position: number, bytes: number): number
  /** Whether a byte of a file can be had without waiting for a disk; no where the file system cannot tell. */
  isInMemory(file: number, position: number): boolean
}

/** `sendfile(2)` and `preadv2(2)` as Linux has them on 64 bits, in the words of `bun:ffi`. */
const SYMBOLS = {
  sendfile: { args: ['i32', 'i32', 'ptr', 'u64'], returns: 'i64_fast' },
  preadv2: { args: ['i32', 'ptr', 'i32', 'i64', 'i32'], returns: 'i64_fast' },
} as const
/** RWF_NOWAIT: read nothing rather than wait (`linux/fs.h`). */
const NO_WAIT = 8
/** glibc's name, and musl's. */
const LIBRARIES = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`]

interface LibC {
  sendfile(socket: number, file: number, offset: number, count: number): number
  preadv2(file: number, vectors: number, count: number, offset: number, flags: number): number
}

/** What is used of `bun:ffi`. */
interface Ffi {
  dlopen(library: string, symbols: typeof SYMBOLS): { readonly symbols: LibC }
  ptr(view: ArrayBufferView): number
}

/** `undefined` where the runtime cannot call the kernel's own functions: Node has no such way, and only Linux is known here. */
export function openKernelFiles(): KernelFiles | undefined {
  const ffi: object | undefined = process.getBuiltinModule('bun:ffi')
  if (process.platform !== 'linux' || !isFfi(ffi)) return undefined
  for (const library of LIBRARIES) {
    try {
      return bind(ffi, ffi.dlopen(library, SYMBOLS).symbols)
    } catch {
      // The other library, or one without these functions.
    }
  }
  return undefined
}

function isFfi(module: object | undefined): module is Ffi {
  return module !== undefined && 'dlopen' in module && 'ptr' in module
}

/**
 * The kernel writes to addresses, and the garbage collector knows of none: each is taken anew where it is used, from
 * memory that these functions hold on to themselves.
 */
function bind({ ptr }: Ffi, libc: LibC): KernelFiles {
  const offset = new BigInt64Array(1)
  const byte = new Uint8Array(1)
  const vector = new BigUint64Array(2)
  return {
    send(socket, file, position, bytes) {
      offset[0] = BigInt(position)
      return libc.sendfile(socket, file, ptr(offset), bytes)
    },
    isInMemory(file, position) {
      vector[0] = BigInt(ptr(byte))
      vector[1] = BigInt(byte.length)
      return libc.preadv2(file, ptr(vector), 1, position, NO_WAIT) === 1
    },
  }
}
