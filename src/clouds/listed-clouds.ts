import cloudAsns from '../../data/cloud-asns.json' with { type: 'json' }
import { providers } from './providers.ts'

/** Every cloud that ranges can name: those that publish their own, and those whose networks are known to be theirs. */
export const listedClouds: readonly string[] = [
  ...new Set([...providers.map(({ id }) => id), ...cloudAsns.asns.map(({ cloud }) => cloud)]),
].sort()
