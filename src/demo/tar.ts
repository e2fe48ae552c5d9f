/** A file of a tar archive; its folders are written before it. */
export interface TarFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly executable?: boolean
}

const BLOCK = 512

/**
 * Writes a POSIX ustar archive (IEEE Std 1003.1, pax, "ustar Interchange Format"). Owner, time and order are fixed, so
 * that the same files give the same bytes. Paths hold at most 100 bytes of ASCII.
 */
export function writeTar(files: readonly TarFile[]): Buffer {
  const parts: Uint8Array[] = []
  const folders = new Set<string>()
  for (const { path, bytes, executable = false } of files) {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash + 1)
      if (!folders.has(folder)) parts.push(header(folder, 0o755, 0, '5'))
      folders.add(folder)
    }
    parts.push(header(path, executable ? 0o755 : 0o644, bytes.length, '0'), bytes)
    parts.push(new Uint8Array(-bytes.length & (BLOCK - 1)))
  }
  return Buffer.concat([...parts, new Uint8Array(2 * BLOCK)])
}

function header(path: string, mode: number, size: number, type: '0' | '5'): Buffer {
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  block.write(path, 0, 100, 'latin1')
  block.write(octal(mode, 7), 100)
  block.write(octal(0, 7), 108) // owner
  block.write(octal(0, 7), 116) // group
  block.write(octal(size, 11), 124)
  block.write(octal(0, 11), 136) // time
  block.write(' '.repeat(8), 148) // the checksum counts itself as spaces
  block.write(type, 156)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)} `, 148)
  return block
}
