import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeGeo, type GeoData } from '../../clouds/geo.ts'
import { PortolanError } from '../../errors.ts'

/** The package's `data/geo.bin`, seen from the sources and from what they are bundled into. */
const FILES = ['../../../data/geo.bin', '../data/geo.bin'].map((path) => join(import.meta.dirname, path))

/** Reads the geo data that comes with Portolan. Throws `FILE_UNREADABLE` where a package lacks it. */
export async function readGeo(): Promise<GeoData> {
  const file = FILES.find(existsSync)
  if (file !== undefined) return decodeGeo(await readFile(file))
  throw new PortolanError('FILE_UNREADABLE', 'data/geo.bin is missing from this installation of Portolan')
}
