/** Four tables of 256: what a byte leaves in the checksum when it is followed by none, one, two or three more bytes. */
const tables = new Int32Array(4 * 256)
for (let byte = 0; byte < 256; byte++) {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0)
  tables[byte] = remainder
}
for (let at = 256; at < tables.length; at++) {
  const before = tables[at - 256]!
  tables[at] = (before >>> 8) ^ tables[before & 255]!
}

/** CRC-32 as in zip and PNG (reversed polynomial 0xedb88320): finds every change that is confined to 32 bits in a row. */
export function crc32(bytes: Uint8Array): number {
  const length = bytes.length
  let crc = -1
  let at = 0
  // Four bytes a step: this runs once at start, before the engine has compiled it, where each step is dear.
  for (; at + 4 <= length; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc =
      tables[(crc & 255) + 768]! ^
      tables[((crc >>> 8) & 255) + 512]! ^
      tables[((crc >>> 16) & 255) + 256]! ^
      tables[crc >>> 24]!
  }
  for (; at < length; at++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[at]!) & 255]!
  return ~crc >>> 0
}
