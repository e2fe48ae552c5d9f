import { type FileHandle, open } from 'node:fs/promises'

const COMPARED_BYTES = 256 * 1024

/** Whether a file has the very bytes of another one, and so many; false also when that other one cannot be read. */
export async function haveSameBytes(handle: FileHandle, path: string, size: number): Promise<boolean> {
  const other = await open(path, 'r').catch(() => undefined)
  if (other === undefined) return false
  try {
    if ((await handle.stat()).size !== size || (await other.stat()).size !== size) return false
    const [one, two] = [Buffer.allocUnsafe(COMPARED_BYTES), Buffer.allocUnsafe(COMPARED_BYTES)]
    for (let position = 0; position < size; ) {
      const [a, b] = await Promise.all([
        handle.read(one, 0, COMPARED_BYTES, position),
        other.read(two, 0, COMPARED_BYTES, position),
      ])
      if (a.bytesRead === 0 || a.bytesRead !== b.bytesRead) return false
      if (one.compare(two, 0, b.bytesRead, 0, a.bytesRead) !== 0) return false
      position += a.bytesRead
    }
    return true
  } catch {
    return false
  } finally {
    await other.close()
  }
}
