import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeGeo, type GeoData } from '../../clouds/geo.ts'
import { PortolanError } from '../../errors.ts'

/** The folder of `data`, seen from the sources, from what they are bundled into, and within an executable. */
const FOLDERS = ['../../../data', '../data', 'data']
const FILES = FOLDERS.map((folder) => join(import.meta.dirname, folder, 'geo.bin'))

/** Reads the geo data that comes with Portolan. Throws `FILE_UNREADABLE` where a package lacks it. */
export async function readGeo(): Promise<GeoData> {
  const file = FILES.find(existsSync)
  if (file !== undefined) return decodeGeo(await readFile(file))
  throw new PortolanError('FILE_UNREADABLE', 'data/geo.bin is missing from this installation of Portolan')
}
