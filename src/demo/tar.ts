/** A file of a tar archive, or a folder, if its path ends with a slash; the folders above are written before it. */
export interface TarFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly executable?: boolean
  /** Its permissions where they are others: 0o1777 of a folder for everybody. */
  readonly mode?: number
}

const BLOCK = 512
const PATH_MAX = 100

/**
 * Writes a POSIX ustar archive (IEEE Std 1003.1, pax, "ustar Interchange Format"). Owner and order are fixed, and so is
 * the time of all, in seconds since 1970, so that the same files give the same bytes. Paths hold at most 100 bytes of
 * ASCII, and a time or a size is less than 8^11; throws a `RangeError` on what is more.
 */
export function writeTar(files: readonly TarFile[], time = 0): Buffer {
  const parts: Uint8Array[] = []
  const folders = new Set<string>()
  for (const { path, bytes, executable = false, mode = executable ? 0o755 : 0o644 } of files) {
    if (path.endsWith('/')) {
      parts.push(header(path, mode, 0, '5', time))
      folders.add(path)
      continue
    }
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash + 1)
      if (!folders.has(folder)) parts.push(header(folder, 0o755, 0, '5', time))
      folders.add(folder)
    }
    parts.push(header(path, mode, bytes.length, '0', time), bytes)
    parts.push(new Uint8Array(-bytes.length & (BLOCK - 1)))
  }
  return Buffer.concat([...parts, new Uint8Array(2 * BLOCK)])
}

function header(path: string, mode: number, size: number, type: '0' | '5', time: number): Buffer {
  if (Buffer.byteLength(path) > PATH_MAX) {
    throw new RangeError(`${path} is longer than the ${PATH_MAX} bytes that a tar archive holds of a path`)
  }
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, digits: number) => {
    const text = value.toString(8).padStart(digits, '0')
    if (text.length > digits)
      throw new RangeError(`${path}: ${value} is more than a tar archive can say of it`)
    return `${text}\0`
  }
  block.write(path, 0, PATH_MAX, 'latin1')
  block.write(octal(mode, 7), 100)
  block.write(octal(0, 7), 108) // owner
  block.write(octal(0, 7), 116) // group
  block.write(octal(size, 11), 124)
  block.write(octal(time, 11), 136)
  block.write(' '.repeat(8), 148) // the checksum counts itself as spaces
  block.write(type, 156)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)} `, 148)
  return block
}
